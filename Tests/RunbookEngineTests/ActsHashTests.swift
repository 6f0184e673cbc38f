import RunbookModel
import Testing

@testable import RunbookEngine

/// Which edits of a step make it another step, and which do not.
@Suite struct ActsHashTests {
    static func hash(_ step: Step, _ change: (inout Plan) -> Void = { _ in }) throws -> String? {
        var plan = Plan(step, inputs: ["name": .string("x")])
        plan.materials = ["f": [0xFF, 0xFE]]
        change(&plan)
        return try UnitContext(plan: plan, unit: Unit("s", "a"), outputs: [:]).actsHash()
    }

    @Test func theOrderOfTheEnvironmentSaysNothing() throws {
        var step = Step("s", run: "use $A $B") {
            $0.environment = [
                EnvironmentEntry(name: "A", value: Template("1")),
                EnvironmentEntry(name: "B", value: Template("2")),
            ]
        }
        let first = try Self.hash(step)
        step.environment.reverse()
        #expect(try Self.hash(step) == first)
    }

    static let base = Step("s") {
        $0.action = .run(
            Script(Template(parts: [.text("use \"$WHO\" "), .value(.reference(.input("name")))])))
        $0.environment = [
            EnvironmentEntry(name: "WHO", value: Template("me")),
            EnvironmentEntry(name: "UNUSED", value: Template("1")),
        ]
    }

    static func changed(_ change: (inout Step) -> Void) -> Step {
        var step = base
        change(&step)
        return step
    }

    @Test func whatAsksOrSpeaksDoesNotChangeIt() throws {
        let same = [
            Self.changed { $0.name = "Another name" },
            Self.changed { $0.why = "because" },
            Self.changed { $0.check = [Question("is s")] },
            Self.changed { $0.unless = [Question("needless")] },
            Self.changed { $0.require = [Question("may")] },
            Self.changed { $0.verify = [Question("works")] },
            Self.changed { $0.hints = [Hint(say: Template("look"))] },
            Self.changed { $0.evidence = [Template("tail log")] },
            Self.changed { $0.timeout = TimeLimit(after: .seconds(1), then: .leave) },
            Self.changed { $0.retry = Retry(times: .fixed(3), delay: .seconds(1)) },
            Self.changed { $0.okExit = [0, 1] },
            Self.changed { $0.interrupted = .ask },
            Self.changed { $0.irreversible = Template("beware") },
            Self.changed { $0.outputs = [Output("id", run: "id")] },
            Self.changed { $0.line = 99 },
            Self.changed { $0.environment[1].value = Template("2") },
            Self.changed { $0.environment.reverse() },
        ]
        let base = try Self.hash(Self.base)
        #expect(base != nil)
        for (number, step) in same.enumerated() { #expect(try Self.hash(step) == base, "change \(number)") }
        #expect(try Self.hash(Self.base) { $0.runbookDigest = "another" } == base)
        #expect(try Self.hash(Self.base) { $0.site.hosts[HostID("a")]?.address = "10.9.9.9" } == base)
    }

    @Test func whatActsChangesIt() throws {
        let other = [
            Self.changed { $0.action = .run(Script(Template("use \"$WHO\" z"))) },
            Self.changed { $0.action = .run(Script(Template("use \"$WHO\" x"), shell: .bash)) },
            Self.changed { $0.environment[0].value = Template("you") },
            Self.changed { $0.stdin = Template("yes\n") },
            Self.changed { $0.runAs = "bob" },
        ]
        var seen = Set([try Self.hash(Self.base)])
        for (number, step) in other.enumerated() {
            #expect(seen.insert(try Self.hash(step)).inserted, "change \(number)")
        }
        #expect(seen.insert(try Self.hash(Self.base) { $0.site.inputs["name"] = .string("y") }).inserted)
        #expect(seen.insert(try Self.hash(Self.base) { $0.site.hosts[HostID("a")]?.user = "ann" }).inserted)
    }

    static func copy(_ change: (inout CopyAction) -> Void) -> Step {
        var copy = CopyAction(source: .file(path: "f"), path: Template("/etc/f"))
        change(&copy)
        return Step("s") { $0.action = .copy(copy) }
    }

    static func edit(_ change: (inout EditAction) -> Void) -> Step {
        var edit = EditAction(path: Template("/etc/f"), change: .line(Template("x"), match: nil))
        change(&edit)
        return Step("s") { $0.action = .edit(edit) }
    }

    static func structured(_ change: (inout StructuredChange) -> Void) -> Step {
        var structured = StructuredChange()
        change(&structured)
        return edit { $0.change = .structured(structured) }
    }

    @Test func everyPartOfAFileActsAlone() throws {
        let steps = [
            Self.copy { _ in }, Self.copy { $0.path = Template("/etc/g") }, Self.copy { $0.mode = 0o600 },
            Self.copy { $0.owner = "root" }, Self.copy { $0.validate = Template("check %s") },
            Self.copy { $0.source = .content(Template("text")) }, Self.edit { _ in },
            Self.edit { $0.path = Template("/etc/g") }, Self.edit { $0.from = Template("/etc/g") },
            Self.edit { $0.mayCreate = true }, Self.edit { $0.validate = Template("check %s") },
            Self.edit { $0.change = .line(Template("x"), match: Template("y")) },
            Self.edit { $0.change = .block(Template("x"), marker: "m") },
            Self.edit { $0.change = .block(Template("x"), marker: "n") },
            Self.edit { $0.change = .replace(pattern: Template("x"), with: Template("y")) },
            Self.structured { _ in }, Self.structured { $0.lens = "hosts" },
            Self.structured { $0.set = [.init(path: Template("/a"), value: Template("1"))] },
            Self.structured { $0.set = [.init(path: Template("/a"), value: Template("2"))] },
            Self.structured { $0.ensure = [Template("/a")] },
            Self.structured { $0.remove = [Template("/a")] },
            Self.structured { $0.increment = [Template("/a")] },
        ]
        var seen: Set<String?> = [nil]
        for (number, step) in steps.enumerated() {
            #expect(seen.insert(try Self.hash(step)).inserted, "change \(number)")
        }
    }

    @Test func twoBinaryFilesAreTwo() throws {
        let first = try Self.hash(Self.copy { _ in })
        let second = try Self.hash(Self.copy { _ in }) { $0.materials = ["f": [0xFE, 0xFF]] }
        #expect(first != second)
    }

    @Test func whatAPersonDoesHasNone() throws {
        #expect(try Self.hash(Step("s") { $0.action = .manual(Template("do it")) }) == nil)
        #expect(try Self.hash(Step("s") { $0.action = nil }) == nil)
    }
}
