import RunbookDiagnostics

/// The way from the bytes of a scalar's value back to the bytes of the file.
///
/// It is worked out when it is asked for, by walking the written form and the value side by side: only a problem
/// inside a value needs it. Where the two do not fit together it says so and is not used.
struct ScalarMap {
    /// For each byte of the value the bytes of the file it stands for.
    private var places: [Range<Int>] = []
    private let end: Int
    private(set) var isComplete = false

    private let bytes: [UInt8]
    private let value: [UInt8]
    private let limit: Int
    private var cursor: Int

    init(of scalar: YAMLScalar) {
        bytes = scalar.span.source.bytes
        value = Array(scalar.text.utf8)
        let range = scalar.span.range
        let isQuoted = scalar.style.isQuoted
        cursor = range.lowerBound + (isQuoted ? 1 : 0)
        limit = max(cursor, range.upperBound - (isQuoted ? 1 : 0))
        end = limit
        places.reserveCapacity(value.count)
        switch scalar.style {
        case .plain, .singleQuoted, .doubleQuoted: walkFlow(scalar.style)
        case .literal, .folded: walkBlock(isFolded: scalar.style == .folded)
        }
        isComplete = places.count == value.count
    }

    func start(of offset: Int) -> Int { offset < places.count ? places[offset].lowerBound : end }
    func end(of offset: Int) -> Int { places[offset].upperBound }

    // MARK: - Plain and quoted scalars

    private mutating func walkFlow(_ style: YAMLScalar.Style) {
        while places.count < value.count, cursor < limit {
            if let lineEnd = foldAhead() {
                fold(from: lineEnd)
            } else if style == .singleQuoted, bytes[cursor] == quote {
                take(1, from: 2)
            } else if style == .doubleQuoted, bytes[cursor] == backslash {
                escape()
            } else if bytes[cursor] == value[places.count] {
                take(1, from: 1)
            } else {
                return
            }
        }
    }

    /// Where only blanks stand between the cursor and the end of the line: the offset of the line break.
    private func foldAhead() -> Int? {
        var offset = cursor
        while offset < limit, isBlank(bytes[offset]) { offset += 1 }
        return offset < limit && isBreak(bytes[offset]) ? offset : nil
    }

    /// One line break is a blank, further ones are kept (YAML 1.2.2, section 6.5).
    private mutating func fold(from lineEnd: Int) {
        let start = cursor
        var (offset, breaks) = (lineEnd, 0)
        while offset < limit, isBlank(bytes[offset]) || isBreak(bytes[offset]) {
            if isBreak(bytes[offset]) { breaks += 1 }
            offset += lengthOfBreak(at: offset)
        }
        cursor = offset
        for _ in 0..<max(1, breaks - 1) where places.count < value.count { places.append(start..<offset) }
    }

    private mutating func escape() {
        guard cursor + 1 < limit else { return skipRest() }
        if isBreak(bytes[cursor + 1]) {
            // An escaped line break joins two lines; the blanks before the second are not part of the value.
            cursor += 1 + lengthOfBreak(at: cursor + 1)
            while cursor < limit, isBlank(bytes[cursor]) { cursor += 1 }
            return
        }
        let digits: Int
        switch bytes[cursor + 1] {
        case UInt8(ascii: "x"): digits = 2
        case UInt8(ascii: "u"): digits = 4
        case UInt8(ascii: "U"): digits = 8
        default: digits = 0
        }
        take(lengthOfScalar(value[places.count]), from: 2 + digits)
    }

    // MARK: - Block scalars

    private mutating func walkBlock(isFolded: Bool) {
        while cursor < limit, !isBreak(bytes[cursor]) { cursor += 1 }
        skipBreak()
        let indentation = blockIndentation()
        while places.count < value.count, cursor < limit {
            var blanks = 0
            while cursor < limit, blanks < indentation, bytes[cursor] == space {
                cursor += 1
                blanks += 1
            }
            if isFolded { breaksAreFolded() }
            while cursor < limit, !isBreak(bytes[cursor]), places.count < value.count {
                guard bytes[cursor] == value[places.count] else { return }
                take(1, from: 1)
            }
            let lineEnd = cursor
            skipBreak()
            if !isFolded, places.count < value.count {
                guard value[places.count] == newline else { return }
                places.append(lineEnd..<cursor)
            }
        }
        // What is left is the final line break, and those that `+` keeps.
        while places.count < value.count, value[places.count] == newline { places.append(limit..<limit) }
    }

    /// In a folded scalar the blank or the newlines between two lines stand for the place where the second begins.
    private mutating func breaksAreFolded() {
        guard cursor < limit, !isBreak(bytes[cursor]) else { return }
        while places.count < value.count, value[places.count] == newline { places.append(cursor..<cursor) }
        if places.count < value.count, value[places.count] == space, bytes[cursor] != space {
            places.append(cursor..<cursor)
        }
    }

    /// How many blanks before each line are not part of the value.
    private func blockIndentation() -> Int {
        var offset = cursor
        var written = 0
        while offset < limit, bytes[offset] == space || isBreak(bytes[offset]) {
            written = isBreak(bytes[offset]) ? 0 : written + 1
            offset += 1
        }
        let kept = value.drop { $0 == newline }.prefix { $0 == space }.count
        return max(0, written - kept)
    }

    // MARK: - Steps

    private mutating func take(_ count: Int, from length: Int) {
        let place = cursor..<min(limit, cursor + length)
        for _ in 0..<count where places.count < value.count { places.append(place) }
        cursor = place.upperBound
    }

    private mutating func skipRest() { cursor = limit }
    private mutating func skipBreak() { if cursor < limit { cursor += lengthOfBreak(at: cursor) } }

    private func lengthOfBreak(at offset: Int) -> Int {
        let isPair =
            bytes[offset] == UInt8(ascii: "\r") && offset + 1 < limit && bytes[offset + 1] == newline
        return isPair ? 2 : 1
    }

    private func lengthOfScalar(_ first: UInt8) -> Int {
        switch first {
        case 0..<0xC0: 1
        case 0xC0..<0xE0: 2
        case 0xE0..<0xF0: 3
        default: 4
        }
    }
}

private let space = UInt8(ascii: " ")
private let newline = UInt8(ascii: "\n")
private let quote = UInt8(ascii: "'")
private let backslash = UInt8(ascii: "\\")

private func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == UInt8(ascii: "\t") }
private func isBreak(_ byte: UInt8) -> Bool { byte == newline || byte == UInt8(ascii: "\r") }
