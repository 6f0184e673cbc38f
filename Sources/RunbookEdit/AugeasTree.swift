import CLibAugeas
import Glibc

/// A text as the tree that one Augeas lens makes of it. Nothing is read from this machine but the lens.
///
/// Augeas is not thread-safe: a tree is made, changed and dropped within one edit.
@safe struct AugeasTree: ~Copyable {
    /// What Augeas said no to; its own words are long and speak of lenses, so they stay here.
    enum Refusal: Error, Equatable {
        /// The path is not a path expression.
        case path
        /// The path names several nodes.
        case several
        case other
    }

    /// Where the file's tree hangs.
    static let root = "/runbook/tree"
    private static let source = "/runbook/old"
    private static let target = "/runbook/new"

    private let handle: OpaquePointer
    private let lens: String

    private init?(lens: String) {
        let flags = AUG_NO_LOAD.rawValue | AUG_NO_MODL_AUTOLOAD.rawValue
        guard let handle = unsafe aug_init("/", nil, flags) else { return nil }
        unsafe self.handle = handle
        self.lens = lens
    }

    /// Reads `text` through `lens` (`Xml.lns`).
    static func reading(_ text: String, lens: String) throws(EditProblem) -> AugeasTree {
        guard let tree = AugeasTree(lens: lens) else {
            throw EditProblem(
                .unknownLens, "Augeas does not start: are the packages libaugeas0 and augeas-lenses whole?")
        }
        try tree.store(text)
        return tree
    }

    private func store(_ text: String) throws(EditProblem) {
        var text = text
        // Augeas reads files, and ends the last line itself where that is missing; for a text we do it.
        if let last = text.utf8.last, last != UInt8(ascii: "\n") { text += "\n" }
        guard unsafe aug_set(handle, Self.source, text) == 0 else {
            throw EditProblem(.unreadable, "the file is too large for Augeas")
        }
        guard unsafe aug_text_store(handle, lens, Self.source, Self.root) != 0 else { return }
        guard unsafe UInt32(bitPattern: aug_error(handle)) != AUG_ENOLENS.rawValue else {
            throw EditProblem(
                .unknownLens, "Augeas has no lens `\(lens)`: is the package augeas-lenses whole?")
        }
        let line = value(at: "/augeas/text\(Self.root)/error/line").flatMap { Int($0) }
        throw EditProblem(
            .unreadable,
            "the file cannot be read as \(Self.format(of: lens)): look for a slip there or above", line: line)
    }

    deinit { unsafe aug_close(handle) }

    /// The value of a node; nil when there is none, or no such node, or several.
    func value(at path: String) -> String? {
        var found: UnsafePointer<CChar>?
        guard unsafe aug_get(handle, path, &found) == 1, let found = unsafe found else { return nil }
        return unsafe String(cString: found)
    }

    /// The nodes that match, as whole paths in the order of the file.
    func matches(_ path: String) throws(Refusal) -> [String] {
        var found: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = unsafe aug_match(handle, path, &found)
        guard count >= 0 else { throw refusal() }
        defer { unsafe free(found) }
        guard let found = unsafe found else { return [] }
        return (0..<Int(count)).compactMap { index in
            guard let path = unsafe found[index] else { return nil }
            defer { unsafe free(path) }
            return unsafe String(cString: path)
        }
    }

    func children(of path: String) throws(Refusal) -> [String] { try matches(path + "/*") }

    /// Sets a value, making the node where there is none.
    func set(_ path: String, to value: String?) throws(Refusal) {
        guard unsafe aug_set(handle, path, value) == 0 else { throw refusal() }
    }

    /// A new sibling node right before or after another.
    func insert(_ label: String, before: Bool, _ path: String) throws(Refusal) {
        guard unsafe aug_insert(handle, path, label, before ? 1 : 0) == 0 else { throw refusal() }
    }

    /// Removes all nodes that match, with what is below them.
    func remove(_ path: String) throws(Refusal) {
        guard unsafe aug_rm(handle, path) >= 0 else { throw refusal() }
    }

    /// The text that the lens makes of the tree; what was not changed is as it was.
    func text() throws(EditProblem) -> String {
        guard unsafe aug_text_retrieve(handle, lens, Self.source, Self.root, Self.target) == 0 else {
            let path = value(at: "/augeas/text\(Self.root)/error/path").map { $0.dropFirst(Self.root.count) }
            let place = path.flatMap { $0.count > 1 ? " (at \($0))" : nil } ?? ""
            throw EditProblem(
                .unwritable,
                "the result would not be \(Self.format(of: lens))\(place): check paths and values")
        }
        return value(at: Self.target) ?? ""
    }

    private func refusal() -> Refusal {
        switch UInt32(bitPattern: unsafe aug_error(handle)) {
        case AUG_EPATHX.rawValue: .path
        case AUG_EMMATCH.rawValue: .several
        default: .other
        }
    }

    private static func format(of lens: String) -> String {
        lens == EditLens.xml ? "XML" : "what the lens `\(lens)` knows"
    }
}
