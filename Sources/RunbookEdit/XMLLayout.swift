/// Puts new elements on lines of their own and closes the gaps of removed ones.
///
/// Augeas writes a new element behind its sibling, unindented. So each new element is put between two
/// texts that mark its place, a removed one leaves a mark, and the marks become line ends and indentation
/// in the finished text. The marks are control characters, which no XML document may hold; the first four
/// of them Augeas keeps for itself.
struct XMLLayout {
    static let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
    static let removed = "\u{12}"

    private static let begin: UInt8 = 0x10
    private static let end: UInt8 = 0x11
    private static let gone: UInt8 = 0x12
    private static let feed = UInt8(ascii: "\n")

    private struct Place {
        let indent: String
        /// The indentation of the parent's closing tag; nil when the parent stands within a line.
        let closing: String?
    }

    private var places: [Place] = []
    private let lineEnd: String

    init(lineEnd: String) { self.lineEnd = lineEnd }

    /// The texts to put before and after a new element.
    mutating func place(indent: String, closing: String?) -> (begin: String, end: String) {
        places.append(Place(indent: indent, closing: closing))
        let number = places.count - 1
        return ("\u{10}\(number)\u{10}", "\u{11}\(number)\u{11}")
    }

    /// The indentation that a mark stands for; nil when the text is not a mark.
    func indent(of text: String) -> String? {
        guard text.utf8.first == Self.begin, let number = Int(text.dropFirst().dropLast()) else { return nil }
        return places.indices.contains(number) ? places[number].indent : nil
    }

    func applied(to text: String) -> String {
        let input = Array(text.utf8)
        var output: [UInt8] = []
        var position = 0
        var broken = false
        while position < input.count {
            let byte = input[position]
            switch byte {
            case Self.begin:
                let place = number(input, &position)
                if !startsLine(output) {
                    output += lineEnd.utf8
                    broken = true
                }
                output += places[place].indent.utf8
            case Self.end:
                let place = number(input, &position)
                guard broken, position < input.count, input[position] != Self.begin else { continue }
                finishLine(&output, input, &position, closing: places[place].closing)
                broken = false
            case Self.gone:
                position += 1
                dropIndent(&output)
            default:
                output.append(byte)
                position += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Reads the number between two marks and steps behind them.
    private func number(_ input: [UInt8], _ position: inout Int) -> Int {
        let mark = input[position]
        let digits = input[(position + 1)...].prefix { $0 != mark }
        position += digits.count + 2
        return Int(String(decoding: digits, as: UTF8.self)) ?? 0
    }

    private func startsLine(_ output: [UInt8]) -> Bool { output.last == Self.feed }

    /// The line of the new element was begun by us, so its end must fit what stood there before.
    private func finishLine(
        _ output: inout [UInt8], _ input: [UInt8], _ position: inout Int, closing: String?
    ) {
        let blank = input[position...].prefix(while: Self.blanks.contains)
        if blank.contains(Self.feed) {
            if output.last == Self.feed { output.removeLast() }
        } else {
            position += blank.count
            output += (closing ?? "").utf8
        }
    }

    private func dropIndent(_ output: inout [UInt8]) {
        let indent = output.reversed().prefix { $0 == 0x20 || $0 == 0x09 }.count
        if indent == output.count || output[output.count - indent - 1] == Self.feed {
            output.removeLast(indent)
        }
    }
}
