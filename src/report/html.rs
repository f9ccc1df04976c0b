//! One HTML file that needs nothing else: no network, no script; light and dark by the reader's setting.

pub mod exploration;
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
    let head: String = columns
        .iter()
        .map(|(name, class)| format!("<th scope=\"col\" class=\"{class}\">{}</th>", escape(name)))
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
