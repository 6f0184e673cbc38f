/// A file under any lens but XML's: the runbook's paths are Augeas path expressions below the file.
struct LensFile: ~Copyable {
    private let tree: AugeasTree

    init(_ tree: consuming AugeasTree) { self.tree = tree }

    func text() throws(EditProblem) -> String { try tree.text() }

    func set(_ path: String, to value: String) throws(EditProblem) -> Bool {
        let node = try expression(path)
        return try explaining(path) { () throws(AugeasTree.Refusal) in
            guard try tree.matches(node).count <= 1 else { throw .several }
            guard tree.value(at: node) != value else { return false }
            try tree.set(node, to: value)
            return true
        }
    }

    func ensure(_ path: String) throws(EditProblem) -> Bool {
        let node = try expression(path)
        return try explaining(path) { () throws(AugeasTree.Refusal) in
            guard try tree.matches(node).isEmpty else { return false }
            try tree.set(node, to: nil)
            return true
        }
    }

    func remove(_ path: String) throws(EditProblem) -> Bool {
        let node = try expression(path)
        return try explaining(path) { () throws(AugeasTree.Refusal) in
            guard try !tree.matches(node).isEmpty else { return false }
            try tree.remove(node)
            return true
        }
    }

    func increment(_ path: String) throws(EditProblem) {
        let node = try expression(path)
        let next = try StructuredEdit.next(after: tree.value(at: node), path: path)
        _ = try set(path, to: next)
    }

    private func expression(_ path: String) throws(EditProblem) -> String {
        guard path.hasPrefix("/"), !path.hasPrefix("//"), path.utf8.count > 1 else {
            throw EditProblem(.badPath, "the path must begin with one `/`", path: path)
        }
        guard !path.contains("@") || path.contains("[") else {
            throw EditProblem(.badPath, "`@` is for XML; this lens has no attributes", path: path)
        }
        return AugeasTree.root + path
    }

    private func explaining(
        _ path: String, _ body: () throws(AugeasTree.Refusal) -> Bool
    ) throws(EditProblem) -> Bool {
        do {
            return try body()
        } catch {
            throw error.problem(at: path)
        }
    }
}

extension AugeasTree.Refusal {
    func problem(at path: String) -> EditProblem {
        switch self {
        case .path:
            EditProblem(.badPath, "this is not a path that Augeas can read", path: path)
        case .several:
            EditProblem(.ambiguous, "the path names several places: say which one", path: path)
        case .other:
            EditProblem(.unwritable, "Augeas cannot make this change here: check the path", path: path)
        }
    }
}
