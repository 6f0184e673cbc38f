/// A change of a config file as a whole: old text in, new text out, nothing else touched.
///
/// Every edit is idempotent: applied to its own result it changes nothing. An edit that could not keep
/// that promise is refused (`EditProblem.Code.unstable`).
package struct FileEdit: Sendable, Equatable {
    package enum Change: Sendable, Equatable {
        /// A line that must be there. `match` is a POSIX extended regular expression for the line that it
        /// replaces; where none matches, the line goes to the end. Lines that are commented out (`#`, `;`)
        /// give way to those that are not. Several different lines that match are a problem.
        case line(String, match: String? = nil)
        /// Lines between `# BEGIN runbook NAME` and `# END runbook NAME`; `comment` replaces the `#`.
        case block(String, marker: String, comment: String = "#")
        /// Every match of a POSIX extended regular expression, line by line. `with` may hold `\0`…`\9`
        /// (what was captured) and `\\`. Without `count` at least one match is expected; none is
        /// fine when the file already has the replacement.
        case replace(pattern: String, with: String, count: Int? = nil)
        /// Values in the tree that a lens makes of the file.
        case structured(StructuredEdit)
    }

    /// The file on the host. It decides the lens and stands in messages; it is never opened.
    package var path: String
    package var change: Change
    /// A missing file is made, instead of being a problem.
    package var create: Bool

    package init(path: String, change: Change, create: Bool = false) {
        self.path = path
        self.change = change
        self.create = create
    }
}

/// Changes to a tree of elements and attributes, through an Augeas lens.
///
/// For XML the paths are those of the document: `/cluster/cman/@transport`, `/cluster/rm`,
/// `/cluster/clusternodes/clusternode[@name='pve1']/@votes`, `/list/item[2]`. For every other lens they
/// are Augeas path expressions below the file: `/FENCE_JOIN`, `/*[canonical='pve1']/ipaddr`.
package struct StructuredEdit: Sendable, Equatable {
    package struct Setting: Sendable, Equatable {
        package var path: String
        package var value: String

        package init(path: String, value: String) {
            self.path = path
            self.value = value
        }
    }

    /// `xml`, `hosts`, `shellvars`, any other module of Augeas, or `Module.lens`; nil: by the file's path.
    package var lens: String?
    package var set: [Setting]
    /// Elements that must exist.
    package var ensure: [String]
    package var remove: [String]
    /// Numbers that go up by one, only when something else changed.
    package var increment: [String]

    package init(
        lens: String? = nil, set: [Setting] = [], ensure: [String] = [], remove: [String] = [],
        increment: [String] = []
    ) {
        self.lens = lens
        self.set = set
        self.ensure = ensure
        self.remove = remove
        self.increment = increment
    }
}

package struct EditResult: Sendable, Equatable {
    /// The whole file as it should be.
    package var text: String
    /// False when the file is so already; `text` is then the old text, byte for byte.
    package var changed: Bool

    package init(text: String, changed: Bool) {
        self.text = text
        self.changed = changed
    }
}

extension FileEdit {
    /// Works out the new text from `old`, the file's text, which is nil when there is no such file.
    ///
    /// When the edit cannot be made the `EditProblem` says why, and nothing is known of a new text.
    package func apply(to old: String?) throws(EditProblem) -> EditResult {
        guard let text = old ?? (create ? "" : nil) else {
            throw EditProblem(
                .missingFile, "\(path) is missing: make it first, or let the edit make it with `create: true`"
            )
        }
        guard !text.utf8.contains(0) else {
            throw EditProblem(.notText, "\(path) is not a text file: it holds a NUL byte")
        }
        let new = try changing(text)
        guard new.utf8.elementsEqual(text.utf8) else { return EditResult(text: new, changed: true) }
        return EditResult(text: text, changed: old == nil)
    }

    private func changing(_ text: String) throws(EditProblem) -> String {
        switch change {
        case .line(let line, let match):
            try LineEdit(line: line, match: match).apply(to: text)
        case .block(let content, let marker, let comment):
            try BlockEdit(content: content, marker: marker, comment: comment).apply(to: text)
        case .replace(let pattern, let replacement, let count):
            try ReplaceEdit(pattern: pattern, replacement: replacement, count: count).apply(to: text)
        case .structured(let edit):
            try edit.apply(to: text, of: path)
        }
    }
}
