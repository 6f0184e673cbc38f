extension StructuredEdit {
    /// Works out the new text of the file at `file`, and proves that a second run would leave it alone.
    func apply(to text: String, of file: String) throws(EditProblem) -> String {
        try requireSense()
        let lens = try lens(for: file)
        let new = try applyOnce(to: text, lens: lens)
        guard !new.utf8.elementsEqual(text.utf8) else { return text }
        guard try applyOnce(to: new, lens: lens).utf8.elementsEqual(new.utf8) else {
            throw EditProblem(
                .unstable, "a second run would change the file once more: does the path find what it makes?")
        }
        return new
    }

    private func lens(for file: String) throws(EditProblem) -> String {
        if let lens { return try EditLens.named(lens) }
        guard let known = EditLens.forFile(file) else {
            throw EditProblem(.unknownLens, "no lens is known for \(file): name one with `lens:`")
        }
        return known
    }

    private func requireSense() throws(EditProblem) {
        guard !(set.isEmpty && ensure.isEmpty && remove.isEmpty) else {
            throw EditProblem(.badEdit, "there is nothing to `set` or `remove`")
        }
        var seen: Set<String> = []
        for path in set.map(\.path) + ensure + remove where !seen.insert(path).inserted {
            throw EditProblem(.badEdit, "the path is given twice", path: path)
        }
        for made in set.map(\.path) + ensure + increment {
            for gone in remove where made == gone || made.hasPrefix(gone + "/") {
                throw EditProblem(.badEdit, "the path is set and removed", path: made)
            }
        }
        for setting in set where setting.value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 && $0 != 0x0A })
        {
            throw EditProblem(.badEdit, "the value holds a control character", path: setting.path)
        }
    }

    private func applyOnce(to text: String, lens: String) throws(EditProblem) -> String {
        let tree = try AugeasTree.reading(text, lens: lens)
        return lens == EditLens.xml ? try editXML(tree, text) : try edit(tree, text)
    }

    private func editXML(_ tree: consuming AugeasTree, _ text: String) throws(EditProblem) -> String {
        guard !text.utf8.contains(where: { $0 < 0x20 && !XMLLayout.blanks.contains($0) }) else {
            throw EditProblem(.unreadable, "the file holds control characters, which XML does not allow")
        }
        var document = XMLDocument(tree, lineEnd: TextLines(text).end)
        var changed = false
        for path in remove { changed = try document.remove(path) || changed }
        for setting in set { changed = try document.set(setting.path, to: setting.value) || changed }
        for path in ensure { changed = try document.ensure(path) || changed }
        guard changed else { return text }
        for path in increment { try document.increment(path) }
        return try document.text()
    }

    private func edit(_ tree: consuming AugeasTree, _ text: String) throws(EditProblem) -> String {
        let file = LensFile(tree)
        var changed = false
        for path in remove { changed = try file.remove(path) || changed }
        for setting in set { changed = try file.set(setting.path, to: setting.value) || changed }
        for path in ensure { changed = try file.ensure(path) || changed }
        guard changed else { return text }
        for path in increment { try file.increment(path) }
        return try file.text()
    }
}

extension StructuredEdit {
    /// The number after the one in `text`.
    static func next(after text: String?, path: String) throws(EditProblem) -> String {
        guard let text else {
            throw EditProblem(.notFound, "there is no number to raise: set it first", path: path)
        }
        guard let number = Int(text), number < Int.max else {
            throw EditProblem(.notNumber, "`\(text)` is not a number that can go up by one", path: path)
        }
        return String(number + 1)
    }
}
