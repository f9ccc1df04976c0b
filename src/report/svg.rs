//! Drawings: stacked bars of energy by stage, and the scatter of explored points with its Pareto front.

use std::fmt::Write;

use crate::units::with_prefix;

/// Escapes text for HTML and SVG.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One bar: a label and its parts (class name, value), drawn left to right.
pub struct Bar {
    /// Text left of the bar.
    pub label: String,
    /// Style class and value of each part.
    pub parts: Vec<(&'static str, f64)>,
}

const LABEL: f64 = 300.0;
const SPAN: f64 = 520.0;
const ROW: f64 = 26.0;

/// Stacked horizontal bars on a common scale, values in `unit`.
pub fn bars(bars: &[Bar], unit: &str) -> String {
    let total = |bar: &Bar| bar.parts.iter().map(|(_, value)| value).sum::<f64>();
    let largest = bars.iter().map(total).fold(f64::MIN_POSITIVE, f64::max);
    let (width, height) = (LABEL + SPAN + 110.0, ROW * bars.len() as f64 + 8.0);
    let mut out = format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\" class=\"bars\">");
    for (row, bar) in bars.iter().enumerate() {
        let y = ROW * row as f64 + 4.0;
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LABEL - 8.0,
            y + 15.0,
            escape(&bar.label)
        );
        let mut x = LABEL;
        for (class, value) in &bar.parts {
            let length = value / largest * SPAN;
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{x:.2}\" y=\"{y}\" width=\"{length:.2}\" height=\"20\"><title>{class}: {}</title></rect>",
                with_prefix(*value, unit)
            );
            x += length;
        }
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"{}\">{}</text>",
            x + 6.0,
            y + 15.0,
            with_prefix(total(bar), unit)
        );
    }
    out + "</svg>"
}

/// A point of a scatter: place, label, and whether it is on the Pareto front.
pub struct Dot {
    /// Horizontal value.
    pub x: f64,
    /// Vertical value.
    pub y: f64,
    /// Shown when pointed at.
    pub label: String,
    /// Whether the point is on the front.
    pub front: bool,
}

/// A scatter with the front joined by a line; axes from the data's range.
pub fn scatter(dots: &[Dot], x_name: &str, y_name: &str) -> String {
    let range = |value: fn(&Dot) -> f64| {
        let low = dots.iter().map(value).fold(f64::INFINITY, f64::min);
        let high = dots.iter().map(value).fold(f64::NEG_INFINITY, f64::max);
        let margin = ((high - low) * 0.06).max(high.abs() * 1e-3).max(f64::MIN_POSITIVE);
        (low - margin, high + margin)
    };
    let ((x0, x1), (y0, y1)) = (range(|dot| dot.x), range(|dot| dot.y));
    let place =
        |dot: &Dot| (70.0 + 700.0 * (dot.x - x0) / (x1 - x0), 380.0 - 360.0 * (dot.y - y0) / (y1 - y0));
    let mut out = String::from("<svg viewBox=\"0 0 800 430\" role=\"img\" class=\"scatter\">");
    out += "<path class=\"axis\" d=\"M70 20V380H770\"/>";
    let _ = write!(out, "<text x=\"420\" y=\"424\" text-anchor=\"middle\">{}</text>", escape(x_name));
    let _ = write!(
        out,
        "<text transform=\"translate(14 200) rotate(-90)\" text-anchor=\"middle\">{}</text>",
        escape(y_name)
    );
    for step in 0..=4 {
        let part = f64::from(step) / 4.0;
        let (x, y) = (x0 + part * (x1 - x0), y0 + part * (y1 - y0));
        let _ =
            write!(out, "<text x=\"{}\" y=\"400\" text-anchor=\"middle\">{x:.3}</text>", 70.0 + 700.0 * part);
        let _ =
            write!(out, "<text x=\"64\" y=\"{}\" text-anchor=\"end\">{y:.3}</text>", 384.0 - 360.0 * part);
    }
    let mut front: Vec<&Dot> = dots.iter().filter(|dot| dot.front).collect();
    front.sort_by(|a, b| a.x.total_cmp(&b.x));
    let path: Vec<String> =
        front.iter().map(|dot| place(dot)).map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    let _ = write!(out, "<path class=\"front\" d=\"M{}\"/>", path.join("L"));
    for dot in dots {
        let (x, y) = place(dot);
        let class = if dot.front { "dot best" } else { "dot" };
        let _ = write!(
            out,
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"><title>{}</title></circle>",
            escape(&dot.label)
        );
    }
    out + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_share_one_scale_and_escape_their_labels() {
        let bar = |label: &str, value| Bar { label: label.into(), parts: vec![("sensor", value)] };
        let drawing = bars(&[bar("a<b", 1.0), bar("c", 0.5)], "J");
        assert!(drawing.contains("a&lt;b") && !drawing.contains("a<b"));
        assert!(drawing.contains("width=\"520.00\"") && drawing.contains("width=\"260.00\""));
    }

    #[test]
    fn the_front_is_drawn_from_left_to_right() {
        let dot = |x, y, front| Dot { x, y, label: String::new(), front };
        let drawing = scatter(&[dot(2.0, 1.0, true), dot(1.0, 0.5, true), dot(1.5, 0.2, false)], "x", "y");
        let line = drawing.split("class=\"front\" d=\"M").nth(1).unwrap();
        let xs: Vec<f64> = line
            .split('"')
            .next()
            .unwrap()
            .split('L')
            .map(|p| p.split(' ').next().unwrap().parse().unwrap())
            .collect();
        assert!(xs.len() == 2 && xs[0] < xs[1]);
        assert_eq!(drawing.matches("<circle").count(), 3);
    }
}
