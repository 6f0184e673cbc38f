/// The number of insertions, deletions, replacements and swaps of neighbours that make one text of another.
package func editDistance(_ first: String, _ second: String) -> Int {
    let first = Array(first.unicodeScalars)
    let second = Array(second.unicodeScalars)
    var beforeLast: [Int] = []
    var last = Array(0...second.count)
    for (row, scalar) in first.enumerated() {
        var current = [row + 1]
        current.reserveCapacity(second.count + 1)
        for (column, other) in second.enumerated() {
            var best = min(last[column + 1] + 1, current[column] + 1)
            best = min(best, last[column] + (scalar == other ? 0 : 1))
            if row > 0, column > 0, scalar == second[column - 1], first[row - 1] == other {
                best = min(best, beforeLast[column - 1] + 1)
            }
            current.append(best)
        }
        (beforeLast, last) = (last, current)
    }
    return last[second.count]
}

/// The candidate a mistyped name most likely stands for, or nil when none is near enough to be named.
///
/// Near enough is one edit for each three characters, and at least one. Of equals the first is taken.
/// Names longer than 200 characters are not compared: the work grows with the product of the lengths.
package func closest(to name: String, among candidates: some Sequence<String>) -> String? {
    let name = name.lowercased()
    let length = name.unicodeScalars.count
    guard length <= 200 else { return nil }
    let limit = max(1, length / 3)
    var best: (distance: Int, candidate: String)?
    for candidate in candidates where abs(candidate.unicodeScalars.count - length) <= limit {
        let distance = editDistance(name, candidate.lowercased())
        if distance <= limit, distance < best?.distance ?? Int.max { best = (distance, candidate) }
    }
    // A name of one or two letters is near to everything: only a difference in case is worth a suggestion.
    if length <= 2, best?.distance != 0 { return nil }
    return best?.candidate
}
