//! What the kernel says of a process in its folder below `/proc`.

/// Text of one of the files.
///
/// # Errors
/// When it cannot be read, for instance because the process has ended.
pub fn read(pid: libc::pid_t, file: &str) -> Result<String, String> {
    let path = format!("/proc/{pid}/{file}");
    std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
}

/// The line `name: N kB` of one of the files, as bytes.
///
/// # Errors
/// When the file cannot be read or has no such line.
pub fn bytes(pid: libc::pid_t, file: &str, name: &str) -> Result<u64, String> {
    let text = read(pid, file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kibibytes = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<u64>().ok());
    Ok(kibibytes.ok_or_else(|| format!("/proc/{pid}/{file} does not say {name}"))? * 1024)
}
