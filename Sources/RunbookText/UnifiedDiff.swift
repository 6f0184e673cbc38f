/// The difference of two texts, in the form of `diff -u`.
package struct UnifiedDiff: Sendable, Equatable {
    package enum Change: Sendable, Equatable { case same, removed, added }

    /// One line of a hunk, without its line break.
    package struct Line: Sendable, Equatable {
        package let change: Change
        package let text: String
        /// False for the last line of a text that does not end with a line break.
        package let hasNewline: Bool
    }

    /// A run of changed lines with the unchanged ones around them.
    package struct Hunk: Sendable, Equatable {
        /// Number of the first line, from 1; 0 when the old text has no line before the hunk and none in it.
        package let oldStart: Int
        package let newStart: Int
        package let lines: [Line]

        package var oldCount: Int { lines.count { $0.change != .added } }
        package var newCount: Int { lines.count { $0.change != .removed } }
        package var header: String { "@@ -\(range(oldStart, oldCount)) +\(range(newStart, newCount)) @@" }

        private func range(_ start: Int, _ count: Int) -> String {
            count == 1 ? "\(start)" : "\(start),\(count)"
        }
    }

    package let hunks: [Hunk]

    /// Compares two texts line by line; lines end with a newline, a carriage return belongs to its line.
    ///
    /// Where more than `exactLimit` lines differ on both sides the whole differing part is shown as replaced:
    /// an exact answer takes memory that grows with the square of the number of changes.
    package init(from old: String, to new: String, context: Int = 3) {
        let changes = Self.changes(from: Self.lines(of: old), to: Self.lines(of: new))
        hunks = Self.hunks(of: changes, context: context)
    }

    package var isEmpty: Bool { hunks.isEmpty }

    /// The text of the difference, empty when there is none. Names stand in the two head lines.
    ///
    /// The lines are those of the texts: pass the result through `visible` before it is shown.
    package func text(oldName: String, newName: String) -> String {
        if isEmpty { return "" }
        var text = "--- \(oldName)\n+++ \(newName)\n"
        for hunk in hunks {
            text += hunk.header + "\n"
            for line in hunk.lines {
                switch line.change {
                case .same: text += " "
                case .removed: text += "-"
                case .added: text += "+"
                }
                text += line.text + (line.hasNewline ? "\n" : "\n\\ No newline at end of file\n")
            }
        }
        return text
    }

    static let exactLimit = 2000

    private struct SourceLine: Hashable {
        let text: String
        let hasNewline: Bool

        // Swift compares strings by canonical equivalence; a file that changes its normal form has changed.
        static func == (first: SourceLine, second: SourceLine) -> Bool {
            first.hasNewline == second.hasNewline && first.text.utf8.elementsEqual(second.text.utf8)
        }
    }

    private static func lines(of text: String) -> [SourceLine] {
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { SourceLine(text: String(decoding: $0, as: UTF8.self), hasNewline: true) }
        if let last = lines.popLast(), !last.text.isEmpty {
            lines.append(SourceLine(text: last.text, hasNewline: false))
        }
        return lines
    }

    private static func changes(from old: [SourceLine], to new: [SourceLine]) -> [Line] {
        let head = zip(old, new).prefix { $0 == $1 }.count
        let tail = zip(old.dropFirst(head).reversed(), new.dropFirst(head).reversed()).prefix { $0 == $1 }
            .count
        let oldMiddle = Array(old[head..<(old.count - tail)])
        let newMiddle = Array(new[head..<(new.count - tail)])
        func line(_ source: SourceLine, _ change: Change) -> Line {
            Line(change: change, text: source.text, hasNewline: source.hasNewline)
        }
        return old.prefix(head).map { line($0, .same) }
            + merged(oldMiddle, newMiddle).map { line($0.0, $0.1) }
            + old.suffix(tail).map { line($0, .same) }
    }

    private static func merged(_ old: [SourceLine], _ new: [SourceLine]) -> [(SourceLine, Change)] {
        guard min(old.count, new.count) <= exactLimit else {
            return old.map { ($0, .removed) } + new.map { ($0, .added) }
        }
        let difference = new.difference(from: old)
        var removed = Set<Int>()
        var added = Set<Int>()
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): added.insert(offset)
            }
        }
        var result: [(SourceLine, Change)] = []
        var (oldIndex, newIndex) = (0, 0)
        while oldIndex < old.count || newIndex < new.count {
            if removed.contains(oldIndex) {
                result.append((old[oldIndex], .removed))
                oldIndex += 1
            } else if added.contains(newIndex) {
                result.append((new[newIndex], .added))
                newIndex += 1
            } else {
                result.append((old[oldIndex], .same))
                oldIndex += 1
                newIndex += 1
            }
        }
        return result
    }

    private static func hunks(of lines: [Line], context: Int) -> [Hunk] {
        let changed = lines.indices.filter { lines[$0].change != .same }
        var ranges: [Range<Int>] = []
        for index in changed {
            let around = max(0, index - context)..<min(lines.count, index + context + 1)
            if let last = ranges.last, around.lowerBound <= last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound..<around.upperBound
            } else {
                ranges.append(around)
            }
        }
        var hunks: [Hunk] = []
        var (oldLine, newLine, position) = (0, 0, 0)
        for range in ranges {
            for line in lines[position..<range.lowerBound] { count(line, &oldLine, &newLine) }
            let (oldBefore, newBefore) = (oldLine, newLine)
            for line in lines[range] { count(line, &oldLine, &newLine) }
            position = range.upperBound
            // POSIX diff: an empty side is named by the line before it, any other by its first line.
            hunks.append(
                Hunk(
                    oldStart: oldBefore + (oldLine > oldBefore ? 1 : 0),
                    newStart: newBefore + (newLine > newBefore ? 1 : 0), lines: Array(lines[range])))
        }
        return hunks
    }

    private static func count(_ line: Line, _ old: inout Int, _ new: inout Int) {
        if line.change != .added { old += 1 }
        if line.change != .removed { new += 1 }
    }
}
