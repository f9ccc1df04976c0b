//! The table for spreadsheets: one row per configuration, plain numbers in base units.

use super::rows;
use crate::run::outcome::Report;

/// The run as comma-separated values.
pub fn write(report: &Report) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    let header = [
        "configuration",
        "score",
        "delta",
        "delta_low",
        "delta_high",
        "energy_j",
        "sensor_j",
        "memory_j",
        "compute_j",
        "link_j",
        "datapath_j",
        "latency_s",
        "area_mm2",
        "cycles",
    ];
    let mut records = vec![header.map(String::from).to_vec()];
    for (label, outcome) in rows(report) {
        let delta = outcome.delta.as_ref().map(|delta| [delta.value, delta.ci95[0], delta.ci95[1]]);
        let delta =
            delta.map_or([const { String::new() }; 3], |figures| figures.map(|figure| figure.to_string()));
        let energy = outcome.energy_j;
        let figures = [
            energy.total,
            energy.sensor,
            energy.memory,
            energy.compute,
            energy.link,
            outcome.datapath_energy_j,
            outcome.latency_s,
            outcome.area_mm2,
            outcome.cycles as f64,
        ];
        let mut record = vec![label, outcome.score.value.to_string()];
        record.extend(delta);
        record.extend(figures.map(|figure| figure.to_string()));
        records.push(record);
    }
    for record in records {
        out.write_record(record).expect("writing to memory cannot fail and rows have equal lengths");
    }
    let bytes = out.into_inner().expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("every field is text")
}
