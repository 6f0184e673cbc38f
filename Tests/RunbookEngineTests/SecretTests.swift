import RunbookModel
import RunbookSupervisor
import RunbookText
import Testing

@testable import RunbookEngine

/// What the core makes of secrets: they reach the host, and nothing else of it knows them.
@Suite struct SecretTests {
    static let secret = "hunter22-sesame"
    static let reference = Template(parts: [.value(.reference(.input("key")))])

    static func plan(with secret: String = secret, _ change: (inout Step) -> Void) throws -> Plan {
        var plan = Plan(Step("s", run: "login \"$KEY\"", change), inputs: ["key": .string(secret)])
        plan.site.secrets = ["key": .prompt]
        try plan.redactor.register(secret)
        return plan
    }

    static func acting(_ plan: Plan, _ files: [String: HostFile?] = [:]) throws -> Acting? {
        try UnitContext(plan: plan, unit: Unit("s", "a"), outputs: [:]).acting(on: files)
    }

    static let uses: [@Sendable (inout Step) -> Void] = [
        { $0.environment = [EnvironmentEntry(name: "KEY", value: reference)] },
        { $0.stdin = reference },
        { $0.action = .copy(CopyAction(source: .content(reference), path: Template("/etc/key"))) },
        {
            var edit = EditAction(path: Template("/etc/key"), change: .line(reference, match: nil))
            edit.mayCreate = true
            $0.action = .edit(edit)
        },
    ]

    /// A new password is no other step, and what is kept says nothing of either.
    @Test(arguments: uses.indices)
    func theHashDoesNotKnowIt(_ use: Int) throws {
        let first = try #require(try Self.acting(try Self.plan(Self.uses[use])))
        let second = try #require(try Self.acting(try Self.plan(with: "another-secret", Self.uses[use])))
        #expect(first.acts == second.acts)
        let sent = first.environment.map(\.value) + [String(decoding: first.input ?? [], as: UTF8.self)]
        #expect(sent.contains { $0.firstRange(of: Self.secret) != nil })
        #expect(first.script.firstRange(of: Self.secret) == nil)
    }

    @Test func theJournalKeepsNoDigestOfAFileWithASecret() throws {
        let plan = try Self.plan(Self.uses[2])
        let run = Drive(
            plan,
            [
                Turn("connect a", .connected()), Turn("ask s on a: a[read /etc/key]", .answers([])),
                Turn(
                    "attempt s.a.1 `\(try #require(try Self.acting(plan, ["/etc/key": nil])).script)`",
                    .ended()),
                Turn(
                    "ask s on a: a[read /etc/key]", .answers([], files: ["/etc/key": Self.secret])),
            ])
        let texts = run.entries.compactMap { entry -> String? in
            if case .intent(let intent) = entry { intent.text } else { nil }
        }
        #expect(texts == ["(writes /etc/key, which holds a secret)"])
        let differences = run.shown.compactMap { event -> String? in
            if case .fileChange(_, _, let text) = event { text } else { nil }
        }
        #expect(differences.joined().firstRange(of: "+***") != nil)
        #expect(differences.joined().firstRange(of: Self.secret) == nil)
    }

    /// The journal keeps the last 4 KiB: a secret that lies across the cut is not half there.
    @Test(arguments: 0..<20)
    func aCutOfOursLeavesNothing(_ shift: Int) throws {
        let filling = String(repeating: "x", count: 4096 - shift)
        let run = Drive(
            try Self.plan { _ in },
            [
                Turn("connect a", .connected()),
                Turn(
                    "attempt s.a.1 `login \"$KEY\"`",
                    .ended(.exited(1), output: "key: \(Self.secret)\(filling)")),
            ])
        guard case .outcome(let outcome) = run.entries.last else {
            Issue.record("\(run.records)")
            return
        }
        #expect(outcome.output == String("key: ***\(filling)".suffix(4096)))
    }

    @Test func aCutOfTheHostLeavesNothing() throws {
        let secret = Array(Self.secret.utf8), filling = [UInt8](repeating: 0x78, count: 1000)
        let end = AttemptEnd(
            end: .exited(1),
            output: CapturedText(
                head: filling + secret.prefix(7), tail: secret.suffix(6) + filling, total: 100_000),
            errors: CapturedText(head: [], total: 0))
        let plan = try Self.plan { _ in }
        let hidden = Event.attempted(Unit("s", "a"), .success(.ended(.init(), end, after: []))).hiding(
            plan.redactor)
        guard case .attempted(_, .success(.ended(_, let shown, _))) = hidden else {
            Issue.record("\(hidden)")
            return
        }
        #expect(shown.output.head == filling + Array("***".utf8))
        #expect(shown.output.tail == Array("***".utf8) + filling)
    }

    @Test func anOutputThatHoldsItIsRefused() throws {
        let run = Drive(
            try Self.plan { $0.outputs = [Output("o", run: "show o")] },
            [
                Turn("connect a", .connected()), Turn("attempt s.a.1 `login \"$KEY\"`", .ended()),
                Turn("ask s on a: a[show o]", .answers([.yes], outputs: ["key: \(Self.secret)"])),
            ])
        #expect(run.problem == nil)
        #expect(run.failures.first?.reasons == ["output o holds a secret, which is not kept"])
        #expect(!run.records.contains { $0.hasPrefix("output") })
    }
}
