//! One HTML file that needs nothing else: no network, no script; light and dark by the reader's setting.

pub mod exploration;
mod formats;
mod layers;
mod parts;
pub mod run;

use super::svg::escape;

const STYLE: &str = include_str!("style.css");

/// A whole page.
fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <link rel=\"icon\" href=\"data:,\"><title>{} · axsim</title><style>{STYLE}</style></head>\n\
         <body><main>\n{body}</main></body></html>\n",
        escape(title)
    )
}

/// A section under a heading, with a line that says how to read it.
fn section(heading: &str, lead: &str, body: &str) -> String {
    let lead = if lead.is_empty() { String::new() } else { format!("<p class=\"lead\">{}</p>", prose(lead)) };
    format!("<section><h2>{}</h2>{lead}{body}</section>\n", escape(heading))
}

/// A table of HTML cells: columns as (name, class), one body per group of rows.
fn table(columns: &[(&str, &str)], groups: &[Vec<Vec<String>>]) -> String {
    // Paths of knobs may be broken behind their dots.
    let name = |name: &str, class: &str| match class {
        "knob" => escape(name).replace('.', ".<wbr>"),
        _ => escape(name),
    };
    let head: String = columns
        .iter()
        .map(|(own, class)| format!("<th scope=\"col\" class=\"{class}\">{}</th>", name(own, class)))
        .collect();
    let cell = |(cell, (_, class)): (&String, &(&str, &str))| format!("<td class=\"{class}\">{cell}</td>");
    let row =
        |cells: &Vec<String>| format!("<tr>{}</tr>", cells.iter().zip(columns).map(cell).collect::<String>());
    let body =
        |rows: &Vec<Vec<String>>| format!("<tbody>{}</tbody>", rows.iter().map(row).collect::<String>());
    let bodies: String = groups.iter().filter(|rows| !rows.is_empty()).map(body).collect();
    format!("<table><thead><tr>{head}</tr></thead>{bodies}</table>")
}

/// Escapes a sentence; a percent sign stays with its number.
fn prose(text: &str) -> String {
    escape(text).replace(" %", "\u{a0}%")
}

fn list(class: &str, sentences: &[String]) -> String {
    let items: String = sentences.iter().map(|sentence| format!("<li>{}</li>", prose(sentence))).collect();
    format!("<ul class=\"{class}\">{items}</ul>")
}

/// A bar inside a table cell, `share` of the cell's width.
fn meter(class: &str, share: f64) -> String {
    let width = if share.is_finite() { (100.0 * share).clamp(0.0, 100.0) } else { 0.0 };
    format!("<span class=\"meter\"><i class=\"{class}\" style=\"width:{width:.1}%\"></i></span>")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The colours of a theme by name, as sRGB from 0 to 255.
    fn theme(rule: &str) -> std::collections::BTreeMap<&str, [u8; 3]> {
        let pairs = rule.split(';').filter_map(|pair| pair.split_once(':'));
        let named = pairs.filter_map(|(name, value)| {
            Some((name.trim().strip_prefix("--")?, value.trim().strip_prefix('#')?))
        });
        named.map(|(name, value)| (name, hex(value))).collect()
    }

    fn hex(digits: &str) -> [u8; 3] {
        [0, 2, 4].map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
    }

    /// Contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance and contrast ratio).
    fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let luminance = |[red, green, blue]: [u8; 3]| {
            0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) + 0.05
        };
        let (one, other) = (luminance(one), luminance(other));
        one.max(other) / one.min(other)
    }

    #[test]
    fn both_themes_have_the_contrast_that_readers_need() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
        let themes: Vec<_> =
            STYLE.split(":root {").skip(1).map(|rule| theme(rule.split('}').next().unwrap())).collect();
        assert_eq!(themes.len(), 2);
        for colours in &themes {
            for text in ["ink", "muted", "accent", "met", "undecided", "unmet"] {
                for ground in ["paper", "soft"] {
                    let found = contrast(colours[text], colours[ground]);
                    assert!(found >= 4.5, "{text} on {ground}: {found:.2}");
                }
            }
            for drawn in ["sensor", "memory", "compute", "link", "alone", "plain", "neutral"] {
                let found = contrast(colours[drawn], colours["paper"]);
                assert!(found >= 3.0, "{drawn}: {found:.2}");
            }
        }
    }
}
