/// The limits of the format; docs/journal-format.md gives each its reason.
package enum JournalLimits {
    /// The longest record, in bytes with its newline. Scripts and tails of outputs are cut far below it, so that a
    /// longer line is damage and not data.
    package static let recordLengthMax = 1 << 20

    /// The longest remainder that one interrupted append can explain: a record, and what the file system rounds
    /// up. A longer one is damage.
    static let tornTailLengthMax = 2 << 20

    /// Space kept ready for what is owed after an ordinary record, in bytes: an outcome with the tail of its
    /// output has room in it.
    package static let reserveLengthMin = 64 << 10

    /// Space is taken in steps of this many bytes, so that most appends need no fallocate(2).
    static let reserveStep = 256 << 10

    /// Copies of torn tails at one place in the journal.
    static let tornCopiesMax = 99

    /// Beginnings of records that are looked at in a remainder; journals have none there, and a file made to keep
    /// us busy has more.
    static let candidatesMax = 4096

    /// The longest name of a run or of an output, in bytes; file systems allow 255 (NAME_MAX).
    static let nameLengthMax = 200
}
