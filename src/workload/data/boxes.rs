//! Objects in pictures: a line each, below a head that names the columns.

use super::DataError;
use crate::workload::score::Corners;

/// Columns of one form.
type Columns = [&'static str; 4];

const CENTRES: Columns = ["cx", "cy", "w", "h"];
const CORNERS: Columns = ["x1", "y1", "x2", "y2"];

/// Reads the objects of `pictures` pictures: columns `image` from 0, `class` (0 where absent), and `cx,cy,w,h` or `x1,y1,x2,y2`.
///
/// # Errors
/// [`DataError::Line`], naming the line that is wrong.
///
/// ```
/// use axsim::workload::data::boxes;
/// let objects = boxes::read("image,class,cx,cy,w,h\n1,7,0.5,0.5,0.5,1\n", 2).unwrap();
/// assert_eq!(objects, [vec![], vec![(7, [0.25, 0.0, 0.75, 1.0])]]);
/// ```
pub fn read(text: &str, pictures: usize) -> Result<Vec<Vec<(usize, Corners)>>, DataError> {
    let fault = |line: usize, what: String| DataError::Line { line: line + 1, what };
    let head: Vec<&str> = text.lines().next().unwrap_or_default().split(',').map(str::trim).collect();
    let place = |name: &str| head.iter().position(|own| *own == name);
    let form = [CENTRES, CORNERS].into_iter().find(|form| form.iter().all(|name| place(name).is_some()));
    let (Some(image), Some(form)) = (place("image"), form) else {
        let what = "columns `image` and `cx,cy,w,h` or `x1,y1,x2,y2` are expected, and `class` where there are several";
        return Err(fault(0, what.into()));
    };
    let mut objects = vec![vec![]; pictures];
    for (at, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let column = |place: usize| fields.get(place).copied().unwrap_or_default();
        let number = |name: &str| {
            let text = place(name).map_or("", column);
            let number = text.parse::<f32>().ok().filter(|number| number.is_finite());
            number.ok_or_else(|| fault(at, format!("`{name}` is `{text}`, not a number")))
        };
        let whole = |name: &str, text: &str| {
            text.parse().map_err(|_| fault(at, format!("`{name}` is `{text}`, not a whole number from 0")))
        };
        let picture: usize = whole("image", column(image))?;
        let class = place("class").map_or(Ok(0), |place| whole("class", column(place)))?;
        let [a, b, c, d] = [number(form[0])?, number(form[1])?, number(form[2])?, number(form[3])?];
        let corners =
            if form == CENTRES { [a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0] } else { [a, b, c, d] };
        let none = || fault(at, format!("there is no picture {picture}; {pictures} are numbered from 0"));
        objects.get_mut(picture).ok_or_else(none)?.push((class, corners));
    }
    Ok(objects)
}
