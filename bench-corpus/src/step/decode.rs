//! What one encoded instruction does, by iced-x86.

use iced_x86::{
    ConstantOffsets, Decoder, DecoderOptions, FlowControl, Formatter, Instruction, InstructionInfoFactory,
    IntelFormatter, Mnemonic, OpAccess, OpKind, SymbolResolver, SymbolResult,
};

use super::symbols::{Place, Symbols};
use super::trace::Counts;

/// Bytes of the longest x86 instruction.
pub const INSTRUCTION_BYTES_MAX: usize = 15;

/// One instruction, free of addresses.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Where it stands.
    pub place: Place,
    /// Length in bytes.
    pub len: u64,
    /// Encoding, with link-time fields as zero.
    pub bytes: Vec<u8>,
    /// Mnemonic.
    pub mnemonic: String,
    /// Mnemonic and operands.
    pub text: String,
    /// What executing it adds.
    pub counts: Counts,
}

/// The one address an instruction may name, and how it is printed instead.
struct Target {
    address: u64,
    name: String,
}

impl SymbolResolver for Target {
    fn symbol(
        &mut self,
        _instruction: &Instruction,
        _operand: u32,
        _instruction_operand: Option<u32>,
        address: u64,
        _address_size: u32,
    ) -> Option<SymbolResult<'_>> {
        (address == self.address).then(|| SymbolResult::with_str(address, &self.name))
    }
}

/// Decodes the instruction at `address`, whose encoding starts `code`.
///
/// # Errors
/// When the bytes are no instruction.
pub fn decode(code: &[u8], address: u64, symbols: &Symbols) -> Result<Decoded, String> {
    let mut decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
    let instruction = decoder.decode();
    if instruction.is_invalid() {
        return Err(format!("no instruction: {code:02x?}"));
    }
    let place = symbols.place(address);
    let offsets = decoder.get_constant_offsets(&instruction);
    let target = target_address(&instruction).map(|address| (address, symbols.place(address)));
    let is_local = target.as_ref().is_some_and(|(_, target)| target.function == place.function);
    let mut bytes = code[..instruction.len()].to_vec();
    if !is_local {
        clear_link_fields(&mut bytes, &instruction, offsets);
    }
    let resolver = target.map(|(address, target)| {
        let name = if is_local {
            format!("+{:#x}", target.offset)
        } else if instruction.is_ip_rel_memory_operand() {
            // Data has no place that survives the next link.
            target.object
        } else {
            format!("{}+{:#x}", target.function, target.offset)
        };
        Box::new(Target { address, name }) as Box<dyn SymbolResolver>
    });
    Ok(Decoded {
        len: instruction.len() as u64,
        bytes,
        mnemonic: format!("{:?}", instruction.mnemonic()).to_lowercase(),
        text: print(&instruction, resolver),
        counts: counts(&instruction),
        place,
    })
}

/// The code or data address that the instruction carries as a distance from itself.
fn target_address(instruction: &Instruction) -> Option<u64> {
    if instruction.op_count() > 0 && instruction.op0_kind() == OpKind::NearBranch64 {
        Some(instruction.near_branch64())
    } else if instruction.is_ip_rel_memory_operand() {
        Some(instruction.ip_rel_memory_address())
    } else {
        None
    }
}

/// Zeroes the distance to another function or to data: the linker chose it.
fn clear_link_fields(bytes: &mut [u8], instruction: &Instruction, offsets: ConstantOffsets) {
    if instruction.is_ip_rel_memory_operand() && offsets.has_displacement() {
        bytes[offsets.displacement_offset()..][..offsets.displacement_size()].fill(0);
    } else if target_address(instruction).is_some() && offsets.has_immediate() {
        bytes[offsets.immediate_offset()..][..offsets.immediate_size()].fill(0);
    }
}

fn print(instruction: &Instruction, resolver: Option<Box<dyn SymbolResolver>>) -> String {
    let mut formatter = IntelFormatter::with_options(resolver, None);
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_space_after_operand_separator(true);
    options.set_show_branch_size(false);
    options.set_rip_relative_addresses(false);
    let mut text = String::new();
    formatter.format(instruction, &mut text);
    text
}

/// What executing the instruction once adds to the counts.
pub fn counts(instruction: &Instruction) -> Counts {
    let flow = instruction.flow_control();
    let has_memory_operand =
        (0..instruction.op_count()).any(|operand| instruction.op_kind(operand) == OpKind::Memory);
    let exchanges_memory = instruction.mnemonic() == Mnemonic::Xchg && has_memory_operand;
    let mut factory = InstructionInfoFactory::new();
    let mut counts = Counts {
        instructions: 1,
        conditional_branches: i64::from(flow == FlowControl::ConditionalBranch),
        locked: i64::from(instruction.has_lock_prefix() || exchanges_memory),
        system_calls: i64::from(matches!(
            instruction.mnemonic(),
            Mnemonic::Syscall | Mnemonic::Sysenter | Mnemonic::Int
        )),
        calls: i64::from(matches!(flow, FlowControl::Call | FlowControl::IndirectCall))
            - i64::from(is_kernel_call(instruction)),
        ..Counts::default()
    };
    for memory in factory.info(instruction).used_memory() {
        let (reads, writes) = match memory.access() {
            OpAccess::Read | OpAccess::CondRead => (1, 0),
            OpAccess::Write | OpAccess::CondWrite => (0, 1),
            OpAccess::ReadWrite | OpAccess::ReadCondWrite => (1, 1),
            OpAccess::None | OpAccess::NoMemAccess => (0, 0),
        };
        counts.loads += reads;
        counts.stores += writes;
    }
    counts
}

/// iced files the system call instructions under calls as well.
fn is_kernel_call(instruction: &Instruction) -> bool {
    matches!(instruction.mnemonic(), Mnemonic::Syscall | Mnemonic::Sysenter)
        && matches!(instruction.flow_control(), FlowControl::Call | FlowControl::IndirectCall)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Instructions, conditional branches, loads, stores, locked, system calls, calls.
    fn counted(code: &[u8]) -> [i64; 7] {
        let decoded = decode(code, 0x1000, &Symbols::default()).expect("the bytes are an instruction");
        assert_eq!(decoded.len as usize, code.len());
        decoded.counts.named().map(|(_, count)| count)
    }

    #[test]
    fn plain_register_work_counts_as_one_instruction() {
        assert_eq!(counted(&[0x48, 0x83, 0xc0, 0xe8]), [1, 0, 0, 0, 0, 0, 0]); // add rax, -24
        assert_eq!(counted(&[0x48, 0x8d, 0x47, 0x10]), [1, 0, 0, 0, 0, 0, 0]); // lea rax, [rdi+16]
        assert_eq!(counted(&[0x0f, 0x1f, 0x40, 0x00]), [1, 0, 0, 0, 0, 0, 0]); // nop dword [rax]
    }

    #[test]
    fn loads_and_stores_are_counted_by_memory_operand() {
        assert_eq!(counted(&[0x48, 0x8b, 0x07]), [1, 0, 1, 0, 0, 0, 0]); // mov rax, [rdi]
        assert_eq!(counted(&[0x48, 0x89, 0x07]), [1, 0, 0, 1, 0, 0, 0]); // mov [rdi], rax
        assert_eq!(counted(&[0x48, 0x01, 0x07]), [1, 0, 1, 1, 0, 0, 0]); // add [rdi], rax
        assert_eq!(counted(&[0x48, 0x3b, 0x47, 0x10]), [1, 0, 1, 0, 0, 0, 0]); // cmp rax, [rdi+16]
        assert_eq!(counted(&[0x53]), [1, 0, 0, 1, 0, 0, 0]); // push rbx
        assert_eq!(counted(&[0xc3]), [1, 0, 1, 0, 0, 0, 0]); // ret
    }

    #[test]
    fn only_branches_that_may_fall_through_are_conditional() {
        assert_eq!(counted(&[0x78, 0x10])[1], 1); // js
        assert_eq!(counted(&[0x0f, 0x82, 0, 1, 0, 0])[1], 1); // jb, long form
        assert_eq!(counted(&[0xeb, 0x10])[1], 0); // jmp
        assert_eq!(counted(&[0x48, 0x0f, 0x42, 0xc1])[1], 0); // cmovb rax, rcx
    }

    #[test]
    fn calls_are_calls_and_push_their_return_address() {
        assert_eq!(counted(&[0xe8, 0, 1, 0, 0]), [1, 0, 0, 1, 0, 0, 1]);
        assert_eq!(counted(&[0xff, 0xd0]), [1, 0, 0, 1, 0, 0, 1]);
    }

    #[test]
    fn locked_operations_include_the_exchange_that_has_no_prefix() {
        assert_eq!(counted(&[0xf0, 0x48, 0x0f, 0xb1, 0x0f])[4], 1); // lock cmpxchg [rdi], rcx
        assert_eq!(counted(&[0x48, 0x87, 0x07])[4], 1); // xchg [rdi], rax
        assert_eq!(counted(&[0x48, 0x87, 0xc8])[4], 0); // xchg rax, rcx
    }

    #[test]
    fn a_system_call_is_no_function_call() {
        assert_eq!(counted(&[0x0f, 0x05]), [1, 0, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn nothing_that_the_linker_chose_stays_in_a_row() {
        let symbols = Symbols::from_functions("probe", [(0x1000, 0x20, "near"), (0x2000, 0x20, "far")]);
        let call = decode(&[0xe8, 0xfb, 0x0f, 0, 0], 0x1000, &symbols).expect("a call");
        assert_eq!(call.bytes, [0xe8, 0, 0, 0, 0]);
        assert_eq!(call.text, "call far+0x0");
        let load = decode(&[0x48, 0x8b, 0x05, 1, 2, 3, 0], 0x1000, &symbols).expect("a load");
        assert_eq!(load.bytes, [0x48, 0x8b, 0x05, 0, 0, 0, 0]);
        assert_eq!(load.text, "mov rax, [probe]");
        let branch = decode(&[0x75, 0x06], 0x1008, &symbols).expect("a branch");
        assert_eq!(branch.bytes, [0x75, 0x06]);
        assert_eq!(branch.text, "jne +0x10");
        assert_eq!(branch.place.offset, 8);
    }
}
