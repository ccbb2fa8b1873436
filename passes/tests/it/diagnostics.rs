//! `data/diagnostics/*.c` beside `*.expected`: the text of what is found.

use crate::input::{check_expected, data_files, data_folder, options_for, preprocess_with};
use passes::files::Provider;
use passes::memory::arenas::ArenaMemory;
use passes::session::Input;

#[test]
fn every_input_is_reported_as_expected() {
    let folder = data_folder("diagnostics");
    for name in data_files("diagnostics") {
        let input = Input::File(name.as_bytes());
        let (_, diagnostics) = preprocess_with::<ArenaMemory>(input, &options_for(&folder), Provider::Disk);
        let rendered: String = diagnostics.as_slice().iter().map(ToString::to_string).collect();
        check_expected(&folder.join(name.replace(".c", ".expected")), &rendered);
    }
}
