//! A scatter: marks with intervals and labels, lines, and levels that matter.

use std::fmt::Write;

use super::axis::Axis;
use super::escape;

/// What a mark looks like; colour comes from its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A filled disc.
    Disc,
    /// A ring.
    Ring,
    /// Two crossed strokes.
    Cross,
    /// A square on its tip.
    Diamond,
}

/// One mark.
#[derive(Debug, Clone)]
pub struct Mark {
    /// Horizontal value.
    pub x: f64,
    /// Vertical value.
    pub y: f64,
    /// Vertical interval.
    pub interval: Option<[f64; 2]>,
    /// Style class.
    pub class: &'static str,
    /// Its form.
    pub shape: Shape,
    /// Written beside the mark where there is room.
    pub label: String,
    /// Shown when pointed at.
    pub title: String,
}

/// A scatter. What lies outside the range of `frame` is drawn at its edge.
#[derive(Debug, Clone, Default)]
pub struct Plot {
    /// What is seen.
    pub title: String,
    /// Name and unit of the horizontal axis.
    pub x_name: String,
    /// Name and unit of the vertical axis.
    pub y_name: String,
    /// Marks, the later ones on top.
    pub marks: Vec<Mark>,
    /// Joined points with the style class of the line.
    pub lines: Vec<(&'static str, Vec<(f64, f64)>)>,
    /// Horizontal lines with their labels.
    pub levels: Vec<(f64, String)>,
    /// Lowest vertical value to be shown, where not all are.
    pub lowest: Option<f64>,
}

const WIDTH: f64 = 1120.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = WIDTH - 24.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = HEIGHT - 56.0;

/// Draws a scatter.
pub fn scatter(plot: &Plot) -> String {
    let shown = |value: &f64| plot.lowest.is_none_or(|lowest| *value >= lowest);
    let x = Axis::new(plot.marks.iter().map(|mark| mark.x), [LEFT, RIGHT]);
    let heights =
        plot.marks.iter().flat_map(|mark| mark.interval.unwrap_or([mark.y; 2]).into_iter().chain([mark.y]));
    let levels = plot.levels.iter().map(|level| level.0);
    let heights: Vec<f64> = heights.chain(levels).chain(plot.lowest).filter(shown).collect();
    let y = Axis::new(heights.iter().copied(), [BOTTOM, TOP]);
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" class=\"scatter\"><title>{}</title>",
        escape(&plot.title)
    );
    frame(&mut out, plot, &x, &y);
    for at in plot.levels.iter().map(|level| y.at(level.0)) {
        let _ = write!(out, "<path class=\"level\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/>");
    }
    for (class, points) in plot.lines.iter().filter(|line| line.1.len() > 1) {
        let place = |(a, b): &(f64, f64)| format!("{:.1} {:.1}", x.at(*a), y.at(*b));
        let path: Vec<String> = points.iter().map(place).collect();
        let _ = write!(out, "<path class=\"line {class}\" d=\"M{}\"/>", path.join("L"));
    }
    let places: Vec<(f64, f64)> = plot.marks.iter().map(|mark| (x.at(mark.x), y.at(mark.y))).collect();
    plot.marks.iter().zip(&places).for_each(|(mark, place)| draw(&mut out, mark, *place, &y));
    let strokes = plot.lines.iter().flat_map(|line| line.1.windows(2));
    let strokes = strokes.flat_map(|ends| stroke([ends[0], ends[1]].map(|(a, b)| (x.at(a), y.at(b)))));
    let marked = places.iter().map(|(x, y)| [x - 7.0, y - 7.0, x + 7.0, y + 7.0]);
    let levels = plot.levels.iter().map(|level| y.at(level.0)).map(|at| [LEFT, at - 1.0, RIGHT, at + 1.0]);
    let mut room = Room { taken: marked.chain(strokes).chain(levels).collect() };
    for (value, label) in &plot.levels {
        let at = y.at(*value);
        let sides = [(LEFT + 8.0, "start"), (RIGHT - 8.0, "end")];
        let sides =
            sides.map(|(x, anchor)| [Side { anchor, x, y: at - 6.0 }, Side { anchor, x, y: at + 15.0 }]);
        room.write(&mut out, label, "quiet", &sides.concat());
    }
    for (mark, (x, y)) in plot.marks.iter().zip(&places).rev() {
        let sides =
            [("start", 12.0, 4.0), ("end", -12.0, 4.0), ("middle", 0.0, -13.0), ("middle", 0.0, 21.0)];
        let sides = sides.map(|(anchor, dx, dy)| Side { anchor, x: x + dx, y: y + dy });
        room.write(&mut out, &mark.label, mark.class, &sides);
    }
    out + "</svg>"
}

fn frame(out: &mut String, plot: &Plot, x: &Axis, y: &Axis) {
    for (value, label) in x.ticks() {
        let at = x.at(value);
        let _ = write!(out, "<path class=\"grid\" d=\"M{at:.1} {TOP}V{BOTTOM}\"/>");
        let _ =
            write!(out, "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>", BOTTOM + 20.0);
    }
    for (value, label) in y.ticks() {
        let at = y.at(value);
        let _ = write!(out, "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/>");
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 9.0,
            at + 4.0
        );
    }
    let _ = write!(out, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\"/>");
    let (middle, x_name, y_name) = ((LEFT + RIGHT) / 2.0, escape(&plot.x_name), escape(&plot.y_name));
    let _ = write!(
        out,
        "<text class=\"name\" x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{x_name}</text>",
        HEIGHT - 12.0
    );
    let middle = (TOP + BOTTOM) / 2.0;
    let _ = write!(
        out,
        "<text class=\"name\" transform=\"translate(18 {middle}) rotate(-90)\" text-anchor=\"middle\">{y_name}</text>"
    );
}

fn draw(out: &mut String, mark: &Mark, (x, y): (f64, f64), axis: &Axis) {
    let _ = write!(out, "<g class=\"mark {}\"><title>{}</title>", mark.class, escape(&mark.title));
    if let Some([low, high]) = mark.interval {
        let _ =
            write!(out, "<path class=\"interval\" d=\"M{x:.1} {:.1}V{:.1}\"/>", axis.at(low), axis.at(high));
    }
    let _ = match mark.shape {
        Shape::Disc => write!(out, "<circle class=\"fill\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"6\"/>"),
        Shape::Ring => write!(out, "<circle class=\"ring\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>"),
        Shape::Cross => {
            write!(out, "<path class=\"ring\" d=\"M{:.1} {:.1}l9 9m-9 0l9 -9\"/>", x - 4.5, y - 4.5)
        }
        Shape::Diamond => {
            write!(out, "<path class=\"fill\" d=\"M{x:.1} {:.1}l8 8l-8 8l-8 -8Z\"/>", y - 8.0)
        }
    };
    out.push_str("</g>");
}

/// Left, top, right and bottom of a box.
type Area = [f64; 4];

/// Small areas along a stroke, which no label shall hide.
fn stroke([from, to]: [(f64, f64); 2]) -> impl Iterator<Item = Area> {
    (0..=32).map(move |step| {
        let part = f64::from(step) / 32.0;
        let (x, y) = (from.0 + part * (to.0 - from.0), from.1 + part * (to.1 - from.1));
        [x - 1.0, y - 1.0, x + 1.0, y + 1.0]
    })
}

/// A place for a label.
#[derive(Clone, Copy)]
struct Side {
    anchor: &'static str,
    x: f64,
    y: f64,
}

impl Side {
    /// The area of a label of so many characters.
    fn area(&self, characters: usize) -> Area {
        let width = 6.9 * characters as f64;
        let before = match self.anchor {
            "start" => 0.0,
            "end" => width,
            _ => width / 2.0,
        };
        [self.x - before, self.y - 11.0, self.x - before + width, self.y + 3.0]
    }
}

/// What is drawn already, so that labels keep clear of it.
struct Room {
    taken: Vec<Area>,
}

impl Room {
    /// Writes a label at the first free side; one without room is left to the pointer.
    fn write(&mut self, out: &mut String, label: &str, class: &str, sides: &[Side]) {
        let characters = label.chars().count();
        let free = |side: &&Side| self.free(&side.area(characters));
        let Some(side) = sides.iter().find(free).filter(|_| characters > 0) else { return };
        self.taken.push(side.area(characters));
        let (Side { anchor, x, y }, text) = (side, escape(label));
        let _ = write!(
            out,
            "<text class=\"label {class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        );
    }

    fn free(&self, area: &Area) -> bool {
        let inside = area[0] > LEFT && area[2] < RIGHT && area[1] > TOP - 8.0 && area[3] < BOTTOM;
        inside && !self.taken.iter().any(|other| overlap(area, other))
    }
}

fn overlap(a: &Area, b: &Area) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(x: f64, y: f64, label: &str) -> Mark {
        let (class, shape, title) = ("met", Shape::Disc, "a < b".to_string());
        Mark { x, y, interval: None, class, shape, label: label.into(), title }
    }

    /// The values of an attribute, in the order of the drawing.
    fn values(drawing: &str, attribute: &str) -> Vec<f64> {
        let start = format!(" {attribute}=\"");
        let parts = drawing.split(start.as_str()).skip(1);
        parts.map(|part| part.split('"').next().unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn more_lies_to_the_right_and_better_above() {
        let plot = Plot { marks: vec![mark(1.0, 0.2, ""), mark(2.0, 0.9, "")], ..Plot::default() };
        let drawing = scatter(&plot);
        let (x, y) = (values(&drawing, "cx"), values(&drawing, "cy"));
        assert!(x.len() == 2 && x[0] < x[1] && y[0] > y[1]);
        assert!(drawing.contains("a &lt; b"));
    }

    #[test]
    fn a_mark_below_the_lowest_value_stands_at_the_edge() {
        let marks = vec![mark(1.0, 0.9, ""), mark(2.0, 0.1, "")];
        let drawing = scatter(&Plot { marks, lowest: Some(0.8), ..Plot::default() });
        assert_eq!(values(&drawing, "cy")[1], BOTTOM);
    }

    #[test]
    fn labels_do_not_overlap_and_the_last_mark_goes_first() {
        let marks = vec![mark(1.0, 1.0, "below"); 6].into_iter().chain([mark(2.0, 2.0, "")]).collect();
        let drawing = scatter(&Plot { marks, ..Plot::default() });
        let labels = drawing.matches(">below<").count();
        assert!((1..=4).contains(&labels), "{labels} of 6 labels in one place");
    }

    #[test]
    fn no_label_is_struck_by_a_level() {
        // In the middle of the drawing, so that every side has room but for the line through the mark.
        let marks = vec![mark(0.0, 0.0, ""), mark(1.0, 1.0, "6 bits"), mark(2.0, 2.0, "")];
        let with = |levels| scatter(&Plot { marks: marks.clone(), levels, ..Plot::default() });
        let place = |drawing: &str| {
            let before = drawing.split(">6 bits<").next().filter(|before| before.len() < drawing.len());
            values(before.expect("the label is drawn"), "y").pop().unwrap()
        };
        let at = values(&with(vec![]), "cy")[1];
        assert!((place(&with(vec![])) - at).abs() < 5.0, "beside the mark where there is room");
        assert!((place(&with(vec![(1.0, String::new())])) - at).abs() > 11.0, "clear of the line");
    }
}
