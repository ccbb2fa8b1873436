//! The kernel's own account of a process's mappings.

/// A figure in bytes that the kernel gives for the mapping in which `address` lies.
pub fn of_mapping(address: usize, figure: &str) -> usize {
    let smaps = std::fs::read_to_string("/proc/self/smaps").expect("the kernel has it");
    let (mut inside, mut bytes) = (false, 0);
    for line in smaps.lines() {
        let word = line.split(' ').next().unwrap_or_default();
        if let Some((low, high)) = word.split_once('-')
            && let (Ok(low), Ok(high)) = (usize::from_str_radix(low, 16), usize::from_str_radix(high, 16))
        {
            inside = (low..high).contains(&address);
        } else if inside && let Some(rest) = line.strip_prefix(figure) {
            bytes += rest.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") << 10;
        }
    }
    bytes
}
