//! Drawings: stacked bars of energy by stage, and scatters with intervals, lines and a floor.

mod axis;
pub mod bars;
pub mod scatter;

/// Escapes text for HTML and SVG.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
