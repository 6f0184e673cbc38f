/// A small XML document: elements, attributes, comments. Enough for cluster.conf, which has no text, no
/// name spaces and no entities beyond the five of XML itself.
struct XMLElement: Equatable, Sendable {
    struct Attribute: Equatable, Sendable {
        var name: String
        var value: String
    }

    var name: String
    var attributes: [Attribute] = []
    var children: [XMLElement] = []
    /// The line of the start tag, 1-based; 0 for an element that was made here.
    var line = 0

    subscript(attribute: String) -> String? {
        get { attributes.first { $0.name == attribute }?.value }
        set {
            guard let newValue else {
                attributes.removeAll { $0.name == attribute }
                return
            }
            if let index = attributes.firstIndex(where: { $0.name == attribute }) {
                attributes[index].value = newValue
            } else {
                attributes.append(Attribute(name: attribute, value: newValue))
            }
        }
    }

    func children(named name: String) -> [XMLElement] { children.filter { $0.name == name } }

    func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The text that PVE's own writer makes: attributes sorted, two blanks of indentation, no comments.
    func serialized(indent: Int = 0) -> String {
        let pad = String(repeating: "  ", count: indent)
        var text = pad + "<" + name
        for attribute in attributes.sorted(by: { $0.name < $1.name }) {
            text += " \(attribute.name)=\"\(XMLElement.escaped(attribute.value))\""
        }
        guard !children.isEmpty else { return text + "/>\n" }
        text += ">\n"
        for child in children { text += child.serialized(indent: indent + 1) }
        return text + pad + "</\(name)>\n"
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}

/// The text is not well-formed XML; `text` is what xmllint says about it, without the file's name.
struct XMLError: Error, Equatable {
    var line: Int
    var text: String
}

/// Reads one document into a tree.
struct XMLReader {
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1

    static func parse(_ text: String) throws(XMLError) -> XMLElement {
        var reader = XMLReader(text)
        return try reader.document()
    }

    private init(_ text: String) { bytes = Array(text.utf8) }

    private mutating func document() throws(XMLError) -> XMLElement {
        try skipMisc()
        guard index < bytes.count else { throw XMLError(line: line, text: "Document is empty") }
        guard bytes[index] == UInt8(ascii: "<") else {
            throw XMLError(line: line, text: "Start tag expected, '<' not found")
        }
        let root = try element(depth: 0)
        try skipMisc()
        guard index == bytes.count else {
            throw XMLError(line: line, text: "Extra content at the end of the document")
        }
        return root
    }

    /// Blanks, comments, the declaration, a document type.
    private mutating func skipMisc() throws(XMLError) {
        while index < bytes.count {
            if isBlank(bytes[index]) {
                advance()
            } else if starts(with: "<!--") {
                try skip(past: "-->", or: "Comment not terminated")
            } else if starts(with: "<?") {
                try skip(past: "?>", or: "PI not terminated")
            } else if starts(with: "<!") {
                try skip(past: ">", or: "DOCTYPE improperly terminated")
            } else {
                return
            }
        }
    }

    private mutating func element(depth: Int) throws(XMLError) -> XMLElement {
        guard depth < 64 else { throw XMLError(line: line, text: "Excessive depth in document: 64") }
        let startLine = line
        advance()
        var element = XMLElement(name: try name(), line: startLine)
        while true {
            skipBlanks()
            guard index < bytes.count else {
                throw XMLError(line: line, text: "Couldn't find end of Start Tag \(element.name)")
            }
            if starts(with: "/>") {
                advance(by: 2)
                return element
            }
            if bytes[index] == UInt8(ascii: ">") {
                advance()
                break
            }
            let attribute = try attribute(of: element.name)
            guard element[attribute.name] == nil else {
                throw XMLError(line: line, text: "Attribute \(attribute.name) redefined")
            }
            element.attributes.append(attribute)
        }
        try content(of: &element, depth: depth)
        return element
    }

    private mutating func content(of element: inout XMLElement, depth: Int) throws(XMLError) {
        while index < bytes.count {
            if starts(with: "</") {
                advance(by: 2)
                let closing = try name()
                skipBlanks()
                guard closing == element.name, index < bytes.count, bytes[index] == UInt8(ascii: ">") else {
                    throw XMLError(
                        line: line,
                        text: "Opening and ending tag mismatch: \(element.name) line \(element.line)"
                            + " and \(closing)")
                }
                advance()
                return
            } else if starts(with: "<!--") {
                try skip(past: "-->", or: "Comment not terminated")
            } else if bytes[index] == UInt8(ascii: "<") {
                element.children.append(try self.element(depth: depth + 1))
            } else {
                advance()
            }
        }
        throw XMLError(
            line: line, text: "Premature end of data in tag \(element.name) line \(element.line)")
    }

    private mutating func attribute(of element: String) throws(XMLError) -> XMLElement.Attribute {
        let key = try name()
        skipBlanks()
        guard index < bytes.count, bytes[index] == UInt8(ascii: "=") else {
            throw XMLError(line: line, text: "Specification mandates value for attribute \(key)")
        }
        advance()
        skipBlanks()
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'")
        else { throw XMLError(line: line, text: "AttValue: \" or ' expected") }
        let quote = bytes[index]
        advance()
        var value: [UInt8] = []
        while index < bytes.count, bytes[index] != quote {
            guard bytes[index] != UInt8(ascii: "<") else {
                throw XMLError(line: line, text: "Unescaped '<' not allowed in attributes values")
            }
            value.append(bytes[index])
            advance()
        }
        guard index < bytes.count else { throw XMLError(line: line, text: "AttValue: ' expected") }
        advance()
        return XMLElement.Attribute(name: key, value: unescaped(value))
    }

    private func unescaped(_ value: [UInt8]) -> String {
        var text = String(decoding: value, as: UTF8.self)
        for (entity, plain) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&"),
        ] {
            text = text.replacing(entity, with: plain)
        }
        return text
    }

    private mutating func name() throws(XMLError) -> String {
        let start = index
        while index < bytes.count, isNameByte(bytes[index]) { index += 1 }
        guard index > start, !isDigit(bytes[start]) else {
            throw XMLError(line: line, text: "StartTag: invalid element name")
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func skip(past end: String, or problem: String) throws(XMLError) {
        while index < bytes.count {
            if starts(with: end) {
                advance(by: end.utf8.count)
                return
            }
            advance()
        }
        throw XMLError(line: line, text: problem)
    }

    private mutating func skipBlanks() {
        while index < bytes.count, isBlank(bytes[index]) { advance() }
    }

    private mutating func advance(by count: Int = 1) {
        for _ in 0..<count where index < bytes.count {
            if bytes[index] == UInt8(ascii: "\n") { line += 1 }
            index += 1
        }
    }

    private func starts(with text: String) -> Bool { bytes[index...].starts(with: text.utf8) }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private func isNameByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte > 127
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: ":")
    }
}
