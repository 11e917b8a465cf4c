//! A variable in the file's own words.

use thermocline::io::netcdf::Field;

use crate::cli::Workload;

/// What a file says of a variable.
#[derive(Debug, Default)]
pub(super) struct Said {
    name: String,
    long_name: Option<String>,
    standard_name: Option<String>,
    units: Option<String>,
}

impl Said {
    pub(super) fn of(field: &Field<f32>) -> Self {
        let text = |attribute: &str| field.attributes().text(attribute).map(str::to_owned);
        Self {
            name: field.name().to_owned(),
            long_name: text("long_name"),
            standard_name: text("standard_name"),
            units: text("units"),
        }
    }

    fn words(&self) -> String {
        [Some(&self.name), self.long_name.as_ref(), self.standard_name.as_ref()]
            .into_iter()
            .flatten()
            .map(|words| words.replace('_', " ").to_lowercase())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn is_temperature(&self) -> bool {
        let words = self.words();
        ["temperature", "sst"].iter().any(|word| words.contains(word))
    }

    fn is_of_the_sea(&self) -> bool {
        let words = self.words();
        ["sea ", "ocean", "sst"].iter().any(|word| words.contains(word))
    }

    /// What it is, in a title's words.
    fn subject(&self) -> String {
        match (self.is_of_the_sea(), self.is_temperature()) {
            (true, true) => "Ocean Temperature".to_owned(),
            _ => capitalised(self.long_name.as_ref().unwrap_or(&self.name)),
        }
    }

    /// The title of what `workload` makes of it.
    pub(super) fn title(&self, workload: Workload, global: bool, years: Option<String>) -> String {
        let what = match workload {
            Workload::AnomalyStd => "Standard Deviation of",
            Workload::TimeMedian => "Median",
            Workload::Trend => "Trend of",
            Workload::Monthly => "Monthly",
            Workload::Climatology => "Yearly Cycle of",
            Workload::Anomaly => "Mean Anomaly of",
            _ => "Average",
        };
        let global = if global { "Global " } else { "" };
        let years = years.map_or_else(String::new, |years| format!(", {years}"));
        format!("{what} {global}{}{years}", self.subject())
    }

    /// What the numbers that `workload` makes of it are, and their units.
    pub(super) fn legend(&self, workload: Workload) -> String {
        let subject = match workload {
            Workload::AnomalyStd => "Standard deviation".to_owned(),
            Workload::Anomaly => "Mean of |anomaly|".to_owned(),
            Workload::Trend => "Trend".to_owned(),
            _ if self.is_temperature() => "Temperature".to_owned(),
            _ => self.subject(),
        };
        let units = match self.units.as_deref().map(str::trim) {
            None | Some("" | "1") => "",
            Some("degC" | "deg_C" | "degree_C" | "degrees_C" | "Celsius" | "celsius" | "degree_Celsius" | "C") => "°C",
            Some("kelvin" | "Kelvin" | "K") => "K",
            Some(other) => other,
        };
        match (units, workload) {
            ("", Workload::Trend) => format!("{subject} (per year)"),
            ("", _) => subject,
            (units, Workload::Trend) => format!("{subject} ({units} per year)"),
            (units, _) => format!("{subject} ({units})"),
        }
    }
}

/// `surface_temperature` as `Surface Temperature`.
fn capitalised(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    name.split(['_', ' ']).filter(|part| !part.is_empty()).map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_and_legends_use_the_files_words() {
        let sst = Said {
            name: "sst".into(),
            long_name: Some("Daily Sea Surface Temperature".into()),
            units: Some("degC".into()),
            ..Said::default()
        };
        let years = || Some("1981-2015".to_owned());
        let title = |workload| sst.title(workload, true, years());
        assert_eq!(title(Workload::Mean), "Average Global Ocean Temperature, 1981-2015");
        assert_eq!(title(Workload::AnomalyStd), "Standard Deviation of Global Ocean Temperature, 1981-2015");
        assert_eq!(title(Workload::Monthly), "Monthly Global Ocean Temperature, 1981-2015");
        assert_eq!(sst.legend(Workload::Mean), "Temperature (°C)");
        assert_eq!(sst.legend(Workload::AnomalyStd), "Standard deviation (°C)");
        assert_eq!(sst.legend(Workload::Trend), "Trend (°C per year)");
        let ice = Said {
            name: "icec".into(),
            long_name: Some("Ice concentration".into()),
            units: Some("1".into()),
            ..Said::default()
        };
        assert_eq!(ice.title(Workload::Mean, false, None), "Average Ice Concentration");
        assert_eq!(
            (ice.legend(Workload::Mean), ice.legend(Workload::Trend)),
            ("Ice Concentration".into(), "Trend (per year)".into())
        );
        let bare = Said { name: "surface_temperature".into(), units: Some("K".into()), ..Said::default() };
        assert_eq!(bare.title(Workload::Mean, false, None), "Average Surface Temperature");
        assert_eq!(bare.legend(Workload::Mean), "Temperature (K)");
    }
}
