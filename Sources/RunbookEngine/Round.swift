import RunbookModel
import RunbookSupervisor

/// A set of questions of one unit that are asked at the same time, on one or more hosts.
///
/// Built from the step's questions, sent as one inquiry per host, and read back into a verdict per section.
struct Round: Sendable, Equatable {
    /// The step's list that a question stands in.
    enum Section: Hashable, Sendable { case unless, check, require, verify, during }

    /// A question and where its answers will be found.
    struct Item: Sendable, Equatable {
        var question: Question
        var section: Section
        /// The host asked and the answer's place in that host's findings; nil: the login of that host.
        var asked: [(host: HostID, index: Int?)] = []
        /// Answered by the engine itself.
        var immediate: Answer?

        static func == (left: Item, right: Item) -> Bool {
            left.question == right.question && left.section == right.section
                && left.immediate == right.immediate && left.asked.elementsEqual(right.asked, by: ==)
        }
    }

    private(set) var items: [Item] = []
    private(set) var inquiries: [HostID: Inquiry] = [:]

    var isEmpty: Bool { items.isEmpty && inquiries.isEmpty }
    var hosts: Set<HostID> { Set(inquiries.keys) }

    /// Adds a list of questions.
    /// - Parameter waits: whether `within` and `hold` count; before the verb a check is asked once.
    mutating func add(
        _ questions: [Question], as section: Section, waits: Bool, in context: UnitContext
    ) throws(EngineProblem) {
        for question in questions {
            var item = Item(question: question, section: section)
            switch question.subject {
            case .expression(let expression):
                item.immediate = try context.answer(expression, isNegated: question.isNegated)
            case .reconnect:
                for host in try context.hosts(of: question.place) {
                    inquiries[host, default: Inquiry()].reconnects = true
                    item.asked.append((host, nil))
                }
            case .command:
                for host in try context.hosts(of: question.place) {
                    let request = try context.request(for: question, on: host, waits: waits)
                    try addEnvironment(of: host, in: context)
                    inquiries[host, default: Inquiry()].questions.append(request)
                    item.asked.append((host, (inquiries[host]?.questions.count ?? 1) - 1))
                }
            }
            items.append(item)
        }
    }

    /// Adds files to read, and trees to look at, on a host.
    mutating func read(_ paths: [String], _ surveys: [String: String], on host: HostID?) {
        guard let host, !paths.isEmpty || !surveys.isEmpty else { return }
        inquiries[host, default: Inquiry()].reads += paths
        inquiries[host, default: Inquiry()].surveys.merge(surveys) { $1 }
    }

    /// Adds the files that must be read before the verb is known, and for `fetch` a look at what is here.
    /// - Parameter isFetched: it was brought before; then what is on the host does not count any more.
    mutating func readFiles(of context: UnitContext, isFetched: Bool = false) throws(EngineProblem) {
        guard let host = context.unit.host else { return }
        if let place = try context.fetchedPlace() {
            inquiries[host, default: Inquiry()].looks.append(place)
            if isFetched { return }
            inquiries[host]?.lengthMax = FetchAction.lengthMax
        }
        read(try context.filesToRead(), try context.surveys(), on: host)
    }

    private mutating func addEnvironment(of host: HostID, in context: UnitContext) throws(EngineProblem) {
        guard inquiries[host]?.environment.isEmpty ?? true else { return }
        inquiries[host, default: Inquiry()].environment = try context.environment(on: host)
    }

    /// The verdict of a section; nil when it has no questions.
    func verdict(of section: Section, _ findings: [HostID: Findings], _ context: UnitContext) -> ListVerdict?
    {
        let mine = items.filter { $0.section == section }
        guard !mine.isEmpty else { return nil }
        var verdict = ListVerdict()
        for item in mine { add(item, to: &verdict, findings, context) }
        return verdict
    }

    /// The verdict of one question.
    func verdict(of item: Item, _ findings: [HostID: Findings], _ context: UnitContext) -> ListVerdict {
        var verdict = ListVerdict()
        add(item, to: &verdict, findings, context)
        return verdict
    }

    private func add(
        _ item: Item, to verdict: inout ListVerdict, _ findings: [HostID: Findings], _ context: UnitContext
    ) {
        if let answer = item.immediate {
            verdict.add(answer, to: item.question, on: nil, context)
        }
        for (host, index) in item.asked {
            verdict.add(Self.answer(at: index, findings[host]), to: item.question, on: host, context)
        }
    }

    private static func answer(at index: Int?, _ findings: Findings?) -> Answer {
        guard let findings else { return .notAsked }
        guard let index else { return findings.login ?? .notAsked }
        return findings.answers.indices.contains(index) ? findings.answers[index] : .notAsked
    }
}

extension Answer {
    static var notAsked: Answer {
        var missing = Answer(.none)
        missing.reason = "it was not asked"
        return missing
    }
}

/// What a list of questions comes to: any no answer wins, then any no, then yes.
struct ListVerdict: Sendable, Equatable {
    var verdict: Answer.Verdict = .yes
    /// The messages of the questions that did not say yes, the ones without an answer first.
    var messages: [String] = []
    var warnings: [String] = []
    /// What the questions that did not say yes printed; hints look at it.
    var output = ""

    mutating func add(_ answer: Answer, to question: Question, on host: HostID?, _ context: UnitContext) {
        guard answer.verdict != .yes else { return }
        let message = context.message(for: answer, to: question, on: host)
        if question.onlyWarns {
            warnings.append(message)
            return
        }
        output += answer.output + answer.errors
        if answer.verdict == .none {
            verdict = .none
            messages.insert(message, at: 0)
        } else {
            if verdict == .yes { verdict = .no }
            messages.append(message)
        }
    }

    /// Reads answers that came in the order of `questions`, all asked on one host. One that did not come is
    /// no answer.
    init(_ answers: [Answer], to questions: [Question], on host: HostID, _ context: UnitContext) {
        for (number, question) in questions.enumerated() {
            let answer = answers.indices.contains(number) ? answers[number] : .notAsked
            add(answer, to: question, on: host, context)
        }
    }

    init() {}

    /// Nothing could be asked.
    static let unanswered = unanswered("it has nothing to ask")

    static func unanswered(_ message: String) -> ListVerdict {
        var verdict = ListVerdict()
        verdict.verdict = .none
        verdict.messages = [message]
        return verdict
    }
}
