import Glibc

extension Span<UInt8> {
    /// Where `byte` first stands; nil if nowhere.
    package func firstOffset(of byte: UInt8) -> Int? {
        unsafe withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, let found = unsafe memchr(start, Int32(byte), bytes.count)
            else {
                return nil
            }
            return unsafe UnsafeRawPointer(found) - start
        }
    }
}

extension [UInt8] {
    /// A copy of what `span` shows.
    package init(copying span: Span<UInt8>) {
        self = unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
    }
}
