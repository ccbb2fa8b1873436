//! The kinds of findings.

use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Severity {
    /// It belongs to the finding before.
    Note,
    /// The input is accepted.
    Warning,
    /// The input is not accepted; the pass goes on.
    Error,
    /// The input is not accepted; the unit ends here.
    Fatal,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Fatal => "fatal error",
        })
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal $severity:ident,)*) => {
        /// What a finding is about.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// All codes, in the order of the passes.
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// The code's name in reports.
            pub fn name(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// How bad it is.
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    /// A comment without its end.
    UnterminatedComment = "unterminated-comment" Error,
    /// A quote that is not closed on its line.
    UnterminatedQuote = "unterminated-quote" Warning,
    /// An escape outside quotes for a character that no identifier may have there.
    InvalidEscape = "invalid-escape" Error,
    /// A directive nobody knows.
    UnknownDirective = "unknown-directive" Error,
    /// Something is missing from a directive, or is not what it should be.
    MalformedDirective = "malformed-directive" Error,
    /// Tokens after the end of a directive.
    ExtraTokens = "extra-tokens" Warning,
    /// `#define` that defines nothing.
    MalformedDefinition = "malformed-definition" Error,
    /// A macro defined again in another way.
    Redefinition = "macro-redefined" Warning,
    /// A built-in macro defined or undefined.
    BuiltinRedefinition = "builtin-macro-redefined" Warning,
    /// `#else`, `#elif` or `#endif` without `#if`, or in the wrong order.
    MisplacedConditional = "misplaced-conditional" Error,
    /// `#if` without `#endif`.
    UnterminatedConditional = "unterminated-conditional" Error,
    /// `#if` with something that is no expression.
    MalformedExpression = "malformed-expression" Error,
    /// Division by zero in `#if`.
    DivisionByZero = "division-by-zero" Error,
    /// An expression in `#if` that is unusual.
    ExpressionWarning = "expression-warning" Warning,
    /// No such file.
    MissingFile = "missing-file" Fatal,
    /// A file that cannot be read.
    UnreadableFile = "unreadable-file" Fatal,
    /// `#error`
    ErrorDirective = "error-directive" Error,
    /// `#warning`
    WarningDirective = "warning-directive" Warning,
    /// A macro called with the wrong number of arguments.
    ArgumentCount = "argument-count" Error,
    /// A call without its closing parenthesis.
    UnterminatedArguments = "unterminated-arguments" Error,
    /// `##` that makes no token.
    InvalidPaste = "invalid-paste" Error,
    /// `_Pragma` without a string.
    MalformedPragma = "malformed-pragma" Error,
    /// A poisoned name used.
    Poisoned = "poisoned-identifier" Error,
    /// A directive where none may stand.
    MisplacedDirective = "misplaced-directive" Error,
    /// A limit of this program.
    LimitReached = "limit-reached" Fatal,
    /// A token where another should stand.
    SyntaxError = "syntax-error" Error,
    /// A character that is part of no token.
    StrayCharacter = "stray-character" Error,
    /// `typedef static`
    StorageClass = "storage-class" Error,
    /// `int char`
    TwoTypes = "two-types" Error,
    /// A name where a type should stand.
    UnknownType = "unknown-type" Error,
    /// A record or enumeration defined again.
    TagRedefined = "tag-redefined" Error,
    /// `struct a` and `union a`
    TagKind = "tag-kind" Error,
    /// An attribute with too few or too many arguments, or that does not fit what it stands at.
    AttributeArguments = "attribute-arguments" Error,
    /// `enum {}`
    EmptyEnum = "empty-enum" Error,
    /// An enumerator declared again.
    EnumeratorRedeclared = "enumerator-redeclared" Error,
    /// A name that stands for something else already.
    DifferentKind = "different-kind" Error,
    /// A parameter declared again.
    ParameterRedefined = "parameter-redefined" Error,
    /// A local object declared again.
    NoLinkage = "no-linkage" Error,
    /// A function with two bodies.
    FunctionRedefined = "function-redefined" Error,
    /// A `typedef` with a value.
    TypedefInitialized = "typedef-initialized" Error,
    /// An old-style declaration of something that is no parameter.
    NoSuchParameter = "no-such-parameter" Error,
    /// A function that is declared by being called.
    ImplicitFunction = "implicit-function" Warning,
    /// A name that nobody declared.
    Undeclared = "undeclared" Error,
    /// A number that means nothing.
    BadNumber = "bad-number" Error,
    /// `''`
    EmptyCharacter = "empty-character" Error,
    /// An escape sequence that means nothing.
    BadEscape = "bad-escape" Error,
    /// `L"a" u"b"`
    MixedStrings = "mixed-strings" Error,
    /// `_Static_assert(0)`
    StaticAssertion = "static-assertion" Error,
    /// An expression that must be an integer constant.
    NotConstant = "not-constant" Error,
    /// A name declared again with another type.
    ConflictingTypes = "conflicting-types" Error,
    /// `static` after `extern`, and its kin.
    Linkage = "linkage" Error,
    /// The use of something whose declaration forbids it.
    Unavailable = "unavailable" Error,
    /// An object with two values.
    ObjectRedefined = "object-redefined" Error,
    /// A function or `static` object declared in a `for`.
    LoopDeclaration = "loop-declaration" Error,
    /// A parameter that cannot be one.
    BadParameter = "bad-parameter" Error,
    /// `restrict` for what does not point to an object.
    InvalidRestrict = "invalid-restrict" Error,
    /// An alignment that is none.
    BadAlignment = "bad-alignment" Error,
    /// An object whose size is not known.
    IncompleteObject = "incomplete-object" Error,
    /// A type used before it is complete.
    IncompleteType = "incomplete-type" Error,
    /// An array of a type that is not complete.
    IncompleteElement = "incomplete-element" Error,
    /// A function that returns a function, and its kin.
    BadDerivation = "bad-derivation" Error,
    /// An array of -1 elements.
    ArraySize = "array-size" Error,
    /// An array at the top of a file whose length is no constant.
    VariablyModified = "variably-modified" Error,
    /// A member that cannot be one.
    BadMember = "bad-member" Error,
    /// A bit-field that is too wide, or none.
    BitField = "bit-field" Error,
    /// Two members of one name.
    DuplicateMember = "duplicate-member" Error,
    /// The address or size of a bit-field.
    BitFieldUse = "bit-field-use" Error,
    /// An assignment to what is no object.
    NotAssignable = "not-assignable" Error,
    /// The address of what is no object.
    NotAddressable = "not-addressable" Error,
    /// The address of what may have none.
    RegisterAddress = "register-address" Error,
    /// An operator before what it does not work on.
    UnaryOperand = "unary-operand" Error,
    /// An operator between what it does not work on.
    BinaryOperands = "binary-operands" Error,
    /// `*` or `->` on what does not point.
    NotAPointer = "not-a-pointer" Error,
    /// `[]` on what has no elements.
    NotAnArray = "not-an-array" Error,
    /// `.` on what has no members.
    NotARecord = "not-a-record" Error,
    /// A member that the record does not have.
    NoMember = "no-member" Error,
    /// A call of what is no function.
    NotAFunction = "not-a-function" Error,
    /// A built-in function that gets what it cannot take.
    BuiltinArgument = "builtin-argument" Error,
    /// A call with too few or too many arguments.
    CallArity = "call-arity" Error,
    /// A record for another type in a call.
    IncompatibleArgument = "incompatible-argument" Error,
    /// A record for another type in an assignment.
    IncompatibleTypes = "incompatible-types" Error,
    /// A number for a pointer, or the reverse, without a cast.
    IntConversion = "int-conversion" Warning,
    /// A pointer for one to another type.
    PointerTypes = "pointer-types" Warning,
    /// A pointer to `const` for one to what may be written.
    DiscardedQualifiers = "discarded-qualifiers" Warning,
    /// A value where there is none: a call of a `void` function.
    VoidValue = "void-value" Error,
    /// A write to what is `const`.
    ReadOnly = "read-only" Error,
    /// `a ? b : c` of types that do not meet.
    ConditionalMismatch = "conditional-mismatch" Error,
    /// A cast to an array, a function or a record.
    BadCast = "bad-cast" Error,
    /// `_Generic` without a branch that fits.
    GenericSelector = "generic-selector" Error,
    /// A value that cannot begin an object.
    InvalidInitializer = "invalid-initializer" Error,
    /// A value that is not known before the program runs, for an object that is there then.
    InitializerNotConstant = "initializer-not-constant" Error,
    /// `.a` in an array, `[0]` in a record.
    BadDesignator = "bad-designator" Error,
    /// A record as a condition.
    NotAScalar = "not-a-scalar" Error,
    /// A `switch` over what is no integer.
    SwitchValue = "switch-value" Error,
    /// Two cases of one value.
    DuplicateCase = "duplicate-case" Error,
    /// Two `default` labels in a `switch`.
    DuplicateDefault = "duplicate-default" Error,
    /// `case` outside of `switch`.
    StrayLabel = "stray-label" Error,
    /// `break` outside of a loop.
    StrayJump = "stray-jump" Error,
    /// A jump past the beginning of what must be entered there.
    JumpInto = "jump-into" Error,
    /// Two labels of one name.
    DuplicateLabel = "duplicate-label" Error,
    /// `goto` to nowhere.
    UndefinedLabel = "undefined-label" Error,
}
