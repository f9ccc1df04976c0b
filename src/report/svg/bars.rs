//! Stacked horizontal bars on one scale.

use std::fmt::Write;

use super::escape;
use crate::units::with_prefix;

/// One bar: a label and its parts (class name, value), drawn left to right.
pub struct Bar {
    /// Text left of the bar.
    pub label: String,
    /// Text right of the bar, after the total.
    pub note: String,
    /// Style class and value of each part.
    pub parts: Vec<(&'static str, f64)>,
}

const LABEL: f64 = 330.0;
/// Characters that fit left of the bars.
const CHARACTERS: usize = 46;
const SPAN: f64 = 590.0;
const WIDTH: f64 = 1120.0;
const ROW: f64 = 30.0;
const THICK: f64 = 18.0;

/// Stacked horizontal bars on a common scale, values in `unit`; `title` says what is seen.
pub fn bars(bars: &[Bar], unit: &str, title: &str) -> String {
    let largest = bars.iter().map(total).fold(f64::MIN_POSITIVE, f64::max);
    let height = ROW * bars.len() as f64;
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" class=\"bars\"><title>{}</title>",
        escape(title)
    );
    for (row, bar) in bars.iter().enumerate() {
        draw(&mut out, bar, ROW * row as f64, largest, unit);
    }
    out + "</svg>"
}

fn total(bar: &Bar) -> f64 {
    bar.parts.iter().map(|(_, value)| value).sum()
}

fn draw(out: &mut String, bar: &Bar, top: f64, largest: f64, unit: &str) {
    let middle = top + ROW / 2.0 + 4.5;
    let _ = write!(
        out,
        "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>",
        LABEL - 12.0,
        fitting(&bar.label)
    );
    let mut x = LABEL;
    for (class, value) in &bar.parts {
        let (length, top) = (value / largest * SPAN, top + (ROW - THICK) / 2.0);
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{x:.2}\" y=\"{top}\" width=\"{length:.2}\" height=\"{THICK}\">\
             <title>{class}: {}</title></rect>",
            with_prefix(*value, unit)
        );
        x += length;
    }
    let _ = write!(
        out,
        "<text x=\"{:.1}\" y=\"{middle}\"><tspan class=\"strong\">{}</tspan> <tspan class=\"quiet\">{}</tspan></text>",
        x + 8.0,
        with_prefix(total(bar), unit),
        escape(&bar.note)
    );
}

/// A label as far as it fits left of the bars, whole where the mouse rests on it.
fn fitting(label: &str) -> String {
    if label.chars().count() <= CHARACTERS {
        return escape(label);
    }
    let start: String = label.chars().take(CHARACTERS - 1).collect();
    format!("<title>{}</title>{}…", escape(label), escape(&start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_share_one_scale_and_escape_their_labels() {
        let bar = |label: &str, value| Bar {
            label: label.into(),
            note: String::new(),
            parts: vec![("sensor", value)],
        };
        let drawing = bars(&[bar("a<b", 1.0), bar("c", 0.5)], "J", "t");
        assert!(drawing.contains("a&lt;b") && !drawing.contains("a<b"));
        let long = "only compute.array.weight_format = {\"n_of_m\":{\"keep\":2,\"of\":4}}";
        let drawn = bars(&[bar(long, 1.0)], "J", "t");
        assert!(
            drawn.contains(&format!("<title>{}</title>only compute", escape(long)))
                && drawn.contains("…</text>")
        );
        assert!(drawing.contains("width=\"590.00\"") && drawing.contains("width=\"295.00\""));
    }
}
