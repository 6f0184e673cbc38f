/// One event of libyaml, in Swift's own types. Marks are counted in scalars from the start of the input.
struct YAMLEvent {
    enum Kind {
        case streamStart
        case streamEnd
        case documentStart(hasDirectives: Bool)
        case documentEnd
        case alias(String)
        case scalar([UInt8], YAMLScalar.Style)
        case sequenceStart(isFlow: Bool)
        case sequenceEnd
        case mappingStart(isFlow: Bool)
        case mappingEnd
    }

    let kind: Kind
    let anchor: String?
    let tag: String?
    let startMark: Int
    let endMark: Int
}

/// What libyaml says when it cannot go on, in its own words.
struct YAMLProblem: Error {
    let problem: String
    let problemMark: Int
    /// What it was doing, such as "while parsing a flow mapping"; empty when it does not say.
    let context: String
    let contextMark: Int
}
