//! Look-up tables over input slew and output load (NLDM).

use super::{Group, LibertyError, number};

/// Values over two variables, straight lines between them and beyond the ends.
///
/// Delays, slews and energies stand over input slew and output load; setup times over the slews of clock and data. A table
/// over one variable is the same for every value of the other, one without any is a constant.
///
/// ```
/// use axsim::tech::liberty::Table;
/// let table = Table::line((10.0, 5.0), 0.5);
/// assert_eq!(table.at(99.0, 14.0), 7.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    slews: Vec<f64>,
    loads: Vec<f64>,
    /// Row after row of equal slew.
    values: Vec<f64>,
}

/// What a table stands over, in the order of [`Table::at`]; each variable by the names that Liberty gives it.
const VARIABLES: [&[&str]; 2] = [
    &["input_net_transition", "input_transition_time", "related_pin_transition"],
    &["total_output_net_capacitance", "constrained_pin_transition"],
];

impl Table {
    /// The same value everywhere.
    pub fn constant(value: f64) -> Self {
        Self { slews: vec![0.0], loads: vec![0.0], values: vec![value] }
    }

    /// A straight line over the load through a point (load, value), the same for every slew.
    pub fn line((load, value): (f64, f64), slope: f64) -> Self {
        Self { slews: vec![0.0], loads: vec![load, load + 1.0], values: vec![value, value + slope] }
    }

    /// Reads a table group such as `cell_rise (template) { index_1 (…); values (…); }`. Which index is the slew and which
    /// the load says the template, and its own indices stand where the table has none.
    ///
    /// # Errors
    /// [`LibertyError`] with the group's line, also where the template is not in the library or names other variables.
    pub fn read(group: &Group, library: &Group) -> Result<Self, LibertyError> {
        let fail = |message: String| LibertyError::new(group.line, message);
        let name = group.arguments.first().copied().unwrap_or("scalar");
        let template = library.groups.iter().find(|template| {
            ["lu_table_template", "power_lut_template"].contains(&template.kind)
                && template.arguments.first() == Some(&name)
        });
        if template.is_none() && name != "scalar" {
            return Err(fail(format!("`{}`: the library has no template `{name}`", group.kind)));
        }
        let found = group.attributes.iter().find(|(name, _)| *name == "values");
        let (_, found) = found.ok_or_else(|| fail(format!("`{}` has no `values`", group.kind)))?;
        let values = numbers(group.line, "values", found)?;
        let axes = axes(group, template)?;
        let [rows, columns] = [0, 1].map(|axis: usize| axes.get(axis).map_or(1, |axis| axis.index.len()));
        if axes.len() < 2 && values.len() != rows || axes.len() == 2 && values.len() != rows * columns {
            return Err(fail(format!("`{}`: `values` are not as many as the indices say", group.kind)));
        }
        let along = |variable| {
            let axis = axes.iter().find(|axis| axis.variable == variable);
            axis.map_or(vec![0.0], |axis| axis.index.clone())
        };
        let turned = axes.len() == 2 && axes[0].variable == 1;
        let transposed = || {
            (0..columns)
                .flat_map(|slew| (0..rows).map(move |load| (slew, load)))
                .map(|(s, l)| values[l * columns + s])
        };
        let values = if turned { transposed().collect() } else { values };
        Ok(Self { slews: along(0), loads: along(1), values })
    }

    /// The same table in other units: what one unit of slew, load and value is in the new ones.
    pub(in crate::tech) fn scaled(mut self, slew: f64, load: f64, value: f64) -> Self {
        self.slews.iter_mut().for_each(|index| *index *= slew);
        self.loads.iter_mut().for_each(|index| *index *= load);
        self.values.iter_mut().for_each(|one| *one *= value);
        self
    }

    /// The value at a slew and a load, in the units of the table.
    pub fn at(&self, slew: f64, load: f64) -> f64 {
        let ((row, up), (column, right)) = (place(&self.slews, slew), place(&self.loads, load));
        let value = |row: usize, column: usize| {
            let (row, column) = (row.min(self.slews.len() - 1), column.min(self.loads.len() - 1));
            self.values[row * self.loads.len() + column]
        };
        let along = |row: usize| value(row, column) * (1.0 - right) + value(row, column + 1) * right;
        along(row) * (1.0 - up) + along(row + 1) * up
    }
}

/// An index of a table, and which of the [`VARIABLES`] it is.
struct Axis {
    variable: usize,
    index: Vec<f64>,
}

fn axes(group: &Group, template: Option<&Group>) -> Result<Vec<Axis>, LibertyError> {
    let names = [("variable_1", "index_1"), ("variable_2", "index_2"), ("variable_3", "index_3")];
    let mut axes: Vec<Axis> = vec![];
    for (variable, index) in names {
        let Some(named) = template.and_then(|template| template.text(variable)) else { continue };
        let fail =
            |message: String| Err(LibertyError::new(group.line, format!("`{}`: {message}", group.kind)));
        let Some(kind) = VARIABLES.iter().position(|names| names.contains(&named)) else {
            return fail(format!("its template stands over `{named}`; slew and load are read"));
        };
        if axes.iter().any(|axis| axis.variable == kind) {
            return fail(format!("its template has a second {variable} of the kind of `{named}`"));
        }
        let own = group.attributes.iter().chain(template.into_iter().flat_map(|t| &t.attributes));
        let Some((_, found)) = own.into_iter().find(|(known, _)| *known == index) else {
            return fail(format!("neither it nor its template has `{index}`"));
        };
        let index = numbers(group.line, index, found)?;
        if index.is_empty() || !index.windows(2).all(|two| two[0] < two[1]) {
            return fail("indices of a table ascend".into());
        }
        axes.push(Axis { variable: kind, index });
    }
    Ok(axes)
}

fn numbers(line: u32, name: &str, texts: &[&str]) -> Result<Vec<f64>, LibertyError> {
    let texts = texts.iter().flat_map(|text| text.split([',', ' ', '\t', '\n', '\r', '\\']));
    texts.filter(|text| !text.is_empty()).map(|text| number(line, name, text)).collect()
}

/// The interval that a value is in, or the nearest one, and how far along it is.
fn place(index: &[f64], value: f64) -> (usize, f64) {
    if index.len() < 2 {
        return (0, 0.0);
    }
    let at = index.partition_point(|known| *known <= value).clamp(1, index.len() - 1) - 1;
    (at, (value - index[at]) / (index[at + 1] - index[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLEW_LOAD: &str = "lu_table_template (t) { variable_1 : input_net_transition; \
        variable_2 : total_output_net_capacitance; }";

    fn table(body: &str, templates: &str) -> Result<Table, LibertyError> {
        let text = format!("library (l) {{ {templates} cell_rise (t) {{ {body} }} }}");
        let library = Group::read(&text).unwrap();
        let group = library.all("cell_rise").next().unwrap();
        Table::read(group, &library)
    }

    #[test]
    fn values_lie_on_straight_lines_between_and_beyond_the_given_ones() {
        let body = "index_1 (\"1, 3\"); index_2 (\"10, 20, 40\"); values (\"1, 2, 4\", \"5, 6, 8\");";
        let found = table(body, SLEW_LOAD).unwrap();
        for (slew, load, value) in
            [(1.0, 10.0, 1.0), (3.0, 40.0, 8.0), (2.0, 15.0, 3.5), (5.0, 50.0, 13.0), (0.0, 0.0, -2.0)]
        {
            assert_eq!(found.at(slew, load), value, "{slew} {load}");
        }
        let turned = "lu_table_template (t) { variable_1 : total_output_net_capacitance; variable_2 : \
            input_net_transition; index_1 (\"10, 20, 40\"); index_2 (\"1, 3\"); }";
        assert_eq!(table("values (\"1, 5\", \"2, 6\", \"4, 8\");", turned).unwrap(), found);
        assert_eq!(found.clone().scaled(2.0, 10.0, 3.0).at(4.0, 150.0), 3.0 * found.at(2.0, 15.0));
    }

    #[test]
    fn a_table_over_one_variable_does_not_ask_for_the_other() {
        let over = |variable: &str| {
            let template = format!("power_lut_template (t) {{ variable_1 : {variable}; }}");
            table("index_1 (\"10, 20\"); values (\"1, 3\");", &template).unwrap()
        };
        let (slew, load) = (over("input_transition_time"), over("total_output_net_capacitance"));
        assert_eq!((slew.at(15.0, 99.0), load.at(99.0, 15.0)), (2.0, 2.0));
        let scalar = Group::read("library (l) { rise_power (scalar) { values (\"7\"); } }").unwrap();
        assert_eq!(Table::read(&scalar.groups[0], &scalar).unwrap(), Table::constant(7.0));
    }

    #[test]
    fn tables_that_do_not_fit_are_named() {
        let message = |body: &str| table(body, SLEW_LOAD).unwrap_err().message;
        let both = "index_1 (\"1, 2\"); index_2 (\"3\");";
        assert!(message(&format!("{both} values (\"1\");")).contains("not as many"));
        assert!(message("index_1 (\"2, 1\"); index_2 (\"3\"); values (\"1, 2\");").contains("ascend"));
        assert!(
            message("index_1 (\"2\"); values (\"1\");").contains("neither it nor its template has `index_2`")
        );
        assert!(message(both).contains("`cell_rise` has no `values`"));
        assert!(message(&format!("{both} values (\"x\");")).contains("a number is expected, not `x`"));
        let message = |templates: &str| table("values (\"1\");", templates).unwrap_err().message;
        assert!(message("").contains("the library has no template `t`"));
        assert!(message("lu_table_template (t) { variable_1 : time; }").contains("stands over `time`"));
    }
}
