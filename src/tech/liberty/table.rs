//! Look-up tables over input slew and output load (NLDM).

use super::{Group, LibertyError, number};

/// Values over slew and load, straight lines between them and beyond the ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    slews: Vec<f64>,
    loads: Vec<f64>,
    /// Row after row of equal slew.
    values: Vec<f64>,
}

impl Table {
    /// Reads a table group such as `cell_rise (template) { index_1 (…); values (…); }`, whose indices its template gives
    /// where it does not give them itself.
    ///
    /// # Errors
    /// [`LibertyError`] with the group's line.
    pub fn read(group: &Group, library: &Group) -> Result<Self, LibertyError> {
        let fail = |message: &str| LibertyError::new(group.line, message);
        let name = group.arguments.first().copied().unwrap_or("scalar");
        let template = library.groups.iter().find(|template| {
            ["lu_table_template", "power_lut_template"].contains(&template.kind)
                && template.arguments.first() == Some(&name)
        });
        let index = |name: &str| -> Result<Vec<f64>, LibertyError> {
            let own = group.attributes.iter().chain(template.into_iter().flat_map(|t| &t.attributes));
            let found = own.into_iter().find(|(known, _)| *known == name);
            found.map_or(Ok(vec![0.0]), |(_, values)| numbers(group.line, name, values))
        };
        let (first, second) = (index("index_1")?, index("index_2")?);
        let values = group.attributes.iter().find(|(name, _)| *name == "values");
        let values =
            numbers(group.line, "values", &values.ok_or_else(|| fail("a table without `values`"))?.1)?;
        if values.len() != first.len() * second.len() {
            return Err(fail("`values` are not as many as the indices say"));
        }
        let ascending = |index: &[f64]| index.windows(2).all(|two| two[0] < two[1]);
        if !ascending(&first) || !ascending(&second) {
            return Err(fail("indices of a table ascend"));
        }
        let variable = template.and_then(|template| template.text("variable_1")).unwrap_or("");
        if variable == "total_output_net_capacitance" {
            let turned = (0..second.len()).flat_map(|s| (0..first.len()).map(move |l| (s, l)));
            let values = turned.map(|(slew, load)| values[load * second.len() + slew]).collect();
            return Ok(Self { slews: second, loads: first, values });
        }
        Ok(Self { slews: first, loads: second, values })
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

    fn table(body: &str, templates: &str) -> Result<Table, LibertyError> {
        let text = format!("library (l) {{ {templates} cell_rise (t) {{ {body} }} }}");
        let library = Group::read(&text).unwrap();
        let group = library.all("cell_rise").next().unwrap();
        Table::read(group, &library)
    }

    #[test]
    fn values_lie_on_straight_lines_between_and_beyond_the_given_ones() {
        let found =
            table("index_1 (\"1, 3\"); index_2 (\"10, 20, 40\"); values (\"1, 2, 4\", \"5, 6, 8\");", "");
        let found = found.unwrap();
        for (slew, load, value) in
            [(1.0, 10.0, 1.0), (3.0, 40.0, 8.0), (2.0, 15.0, 3.5), (5.0, 50.0, 13.0), (0.0, 0.0, -2.0)]
        {
            assert_eq!(found.at(slew, load), value, "{slew} {load}");
        }
        let turned = "lu_table_template (t) { variable_1 : total_output_net_capacitance; variable_2 : \
            input_net_transition; index_1 (\"10, 20, 40\"); index_2 (\"1, 3\"); }";
        assert_eq!(table("values (\"1, 5\", \"2, 6\", \"4, 8\");", turned).unwrap(), found);
        assert_eq!(table("values (\"7\");", "").unwrap().at(3.0, 4.0), 7.0);
    }

    #[test]
    fn tables_that_do_not_fit_are_named() {
        let message = |body: &str| table(body, "").unwrap_err().message;
        assert!(message("index_1 (\"1, 2\"); values (\"1\");").contains("not as many"));
        assert!(message("index_1 (\"2, 1\"); values (\"1, 2\");").contains("ascend"));
        assert!(message("index_1 (\"1\");").contains("without `values`"));
        assert!(message("values (\"x\");").contains("a number is expected, not `x`"));
    }
}
