/// An XML document in Augeas' tree. There an element's attributes hang below a first child `#attribute`,
/// an element written `<a/>` has the value `#empty`, and white space between elements is a `#text`.
struct XMLDocument: ~Copyable {
    private let tree: AugeasTree
    private var layout: XMLLayout

    init(_ tree: consuming AugeasTree, lineEnd: String) {
        self.tree = tree
        layout = XMLLayout(lineEnd: lineEnd)
    }

    func text() throws(EditProblem) -> String { layout.applied(to: try tree.text()) }

    // Each of these answers whether it changed anything.

    mutating func set(_ path: String, to value: String) throws(EditProblem) -> Bool {
        let place = try XMLPath(path)
        do {
            let element = try makeElement(place, path)
            guard let attribute = place.attribute else {
                return try setText(of: element.node, to: value, path) || element.isNew
            }
            return try setAttribute(attribute, of: element.node, to: value) || element.isNew
        } catch {
            throw Self.problem(error, path)
        }
    }

    mutating func ensure(_ path: String) throws(EditProblem) -> Bool {
        let place = try XMLPath(path)
        guard place.attribute == nil else {
            throw EditProblem(.badEdit, "`{}` is for elements; give the attribute a value", path: path)
        }
        do {
            return try makeElement(place, path).isNew
        } catch {
            throw Self.problem(error, path)
        }
    }

    mutating func remove(_ path: String) throws(EditProblem) -> Bool {
        let place = try XMLPath(path)
        do {
            guard let node = try find(place, path) else { return false }
            guard let attribute = place.attribute else {
                guard place.steps.count > 1 else {
                    throw EditProblem(.badEdit, "the outermost element cannot be removed", path: path)
                }
                try tree.insert("#text", before: true, node)
                try tree.set(node + "/preceding-sibling::*[1]", to: XMLLayout.removed)
                try tree.remove(node)
                return true
            }
            guard tree.value(at: "\(node)/#attribute/\(attribute)") != nil else { return false }
            try tree.remove("\(node)/#attribute/\(attribute)")
            if try tree.children(of: node + "/#attribute").isEmpty { try tree.remove(node + "/#attribute") }
            return true
        } catch {
            throw Self.problem(error, path)
        }
    }

    mutating func increment(_ path: String) throws(EditProblem) {
        let place = try XMLPath(path)
        var old: String?
        do {
            if let node = try find(place, path) {
                old = tree.value(at: node + (place.attribute.map { "/#attribute/\($0)" } ?? "/#text"))
            }
        } catch {
            throw Self.problem(error, path)
        }
        let next = try StructuredEdit.next(after: old, path: path)
        _ = try set(path, to: next)
    }

    private static func problem(_ error: any Error, _ path: String) -> EditProblem {
        switch error {
        case let problem as EditProblem: problem
        case let refusal as AugeasTree.Refusal: refusal.problem(at: path)
        default: EditProblem(.unwritable, "\(error)", path: path)
        }
    }
}

// MARK: - Finding and making elements

extension XMLDocument {
    private func find(_ place: XMLPath, _ path: String) throws -> String? {
        var node = AugeasTree.root
        for step in place.steps {
            guard let next = try child(step, of: node, path) else { return nil }
            node = next
        }
        return node
    }

    private mutating func makeElement(_ place: XMLPath, _ path: String) throws -> (node: String, isNew: Bool)
    {
        var node = AugeasTree.root
        var isNew = false
        for step in place.steps {
            if let next = try child(step, of: node, path) {
                node = next
                continue
            }
            if case .number(let number) = step.choice {
                throw EditProblem(.notFound, "there is no `\(step.name)` number \(number)", path: path)
            }
            node =
                node == AugeasTree.root ? try addRoot(step.name, path) : try addElement(step.name, to: node)
            isNew = true
            if case .attribute(let name, let value) = step.choice {
                _ = try setAttribute(name, of: node, to: value)
            }
        }
        return (node, isNew)
    }

    private func child(_ step: XMLPath.Step, of node: String, _ path: String) throws -> String? {
        let named = try tree.matches("\(node)/\(step.name)")
        switch step.choice {
        case .only:
            guard named.count <= 1 else {
                throw EditProblem(
                    .ambiguous,
                    "there are \(named.count) elements `\(step.name)`: say which, as in "
                        + "`\(step.name)[2]` or `\(step.name)[@name='value']`", path: path)
            }
            return named.first
        case .number(let number):
            return number <= named.count ? named[number - 1] : nil
        case .attribute(let name, let value):
            let fitting = named.filter {
                tree.value(at: "\($0)/#attribute/\(name)").map(XMLText.decoded) == value
            }
            guard fitting.count <= 1 else {
                throw EditProblem(
                    .ambiguous, "\(fitting.count) elements `\(step.name)` have \(name)=\"\(value)\"",
                    path: path)
            }
            return fitting.first
        }
    }

    private func addRoot(_ name: String, _ path: String) throws -> String {
        let others = try tree.children(of: AugeasTree.root).map(Self.label)
        if let other = others.first(where: { !$0.hasPrefix("#") && !$0.hasPrefix("!") }) {
            throw EditProblem(.badPath, "the outermost element is `\(other)`, not `\(name)`", path: path)
        }
        try tree.set("\(AugeasTree.root)/\(name)", to: "#empty")
        return "\(AugeasTree.root)/\(name)"
    }

    /// A new empty element after the last child of `parent` that is more than white space.
    private mutating func addElement(_ name: String, to parent: String) throws -> String {
        let children = try tree.children(of: parent)
        let marks = layout.place(
            indent: try indentForChild(of: parent, children), closing: try indent(of: parent))
        if tree.value(at: parent) == "#empty" { try tree.set(parent, to: nil) }
        let anchor = children.last { Self.label($0) != "#text" || !isBlank($0) }
        if let anchor {
            try tree.insert(name, before: false, anchor)
        } else if let first = children.first {
            try tree.insert(name, before: true, first)
        } else {
            try tree.set("\(parent)/\(name)", to: nil)
        }
        // Text and comments may stand behind it, but no other element of that name.
        guard let node = try tree.matches("\(parent)/\(name)").last else { throw AugeasTree.Refusal.other }
        try tree.set(node, to: "#empty")
        try tree.insert("#text", before: true, node)
        try tree.set(node + "/preceding-sibling::*[1]", to: marks.begin)
        try tree.insert("#text", before: false, node)
        try tree.set(node + "/following-sibling::*[1]", to: marks.end)
        return node
    }
}

// MARK: - Values

extension XMLDocument {
    private func setAttribute(_ name: String, of node: String, to value: String) throws -> Bool {
        let path = "\(node)/#attribute/\(name)"
        guard tree.value(at: path).map(XMLText.decoded) != value else { return false }
        if try tree.matches(node + "/#attribute").isEmpty, let first = try tree.children(of: node).first {
            try tree.insert("#attribute", before: true, first)
        }
        try tree.set(path, to: XMLText.encoded(value, inAttribute: true))
        return true
    }

    private func setText(of node: String, to value: String, _ path: String) throws -> Bool {
        let texts = try tree.matches(node + "/#text")
        let others = try tree.children(of: node).filter { !["#text", "#attribute"].contains(Self.label($0)) }
        guard others.isEmpty else {
            throw EditProblem(
                .badEdit, "the element has more in it than text: set an attribute, or an element below",
                path: path)
        }
        let old = texts.compactMap { tree.value(at: $0) }.joined()
        guard XMLText.decoded(old) != value else { return false }
        if !texts.isEmpty { try tree.remove(node + "/#text") }
        guard !value.isEmpty else { return true }
        if tree.value(at: node) == "#empty" { try tree.set(node, to: nil) }
        try tree.set(node + "/#text", to: XMLText.encoded(value, inAttribute: false))
        return true
    }
}

// MARK: - Indentation

extension XMLDocument {
    /// What stands before an element on its line; nil when that is more than white space.
    private func indent(of node: String) throws -> String? {
        guard let before = try tree.matches(node + "/preceding-sibling::*[1]").first else { return nil }
        guard Self.label(before) == "#text", let text = tree.value(at: before) else {
            // Between two elements without text the line end belongs to the first.
            return ""
        }
        if let known = layout.indent(of: text) { return known }
        let tail =
            text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).last
            ?? text.utf8[...]
        guard tail.allSatisfy(XMLLayout.blanks.contains) else { return nil }
        return String(tail) ?? ""
    }

    private func indentForChild(of parent: String, _ children: [String]) throws -> String {
        for child in children where !Self.label(child).hasPrefix("#") {
            if let indent = try indent(of: child) { return indent }
        }
        let outer = try indent(of: parent) ?? ""
        return outer + (outer.contains("\t") ? "\t" : "  ")
    }

    private func isBlank(_ text: String) -> Bool {
        (tree.value(at: text) ?? "").utf8.allSatisfy(XMLLayout.blanks.contains)
    }

    /// `clusternode` of `/runbook/tree/cluster/clusternodes/clusternode[2]`.
    private static func label(_ node: String) -> String {
        let last = node.split(separator: "/").last ?? ""
        return String(last.prefix { $0 != "[" })
    }
}
