//! Empty: this manifest exists only to pin what is fetched.
