/// Joins words as a sentence does: `a`, `a or b`, `a, b or c`.
package func englishList(_ words: [String], _ conjunction: String) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " " + conjunction + " " + last
}

/// A number with its noun: `1 step`, `2 steps`, `0 steps`. Give the plural when it is not formed by an `s`.
package func counted(_ count: Int, _ singular: String, _ plural: String? = nil) -> String {
    "\(count) " + (count == 1 ? singular : plural ?? singular + "s")
}
