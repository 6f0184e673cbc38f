import RunbookModel
import Testing

private let master = HostID("master")
private let slave = HostID("slave")

private func scope() -> Scope {
    var first = SiteHost(address: "192.0.2.11")
    first.attributes = ["node": .string("pve1"), "ip": .string("10.0.0.1")]
    var second = SiteHost(address: "192.0.2.12")
    second.attributes = ["node": .string("pve2")]
    return Scope(
        inputs: [
            "cluster": .string("home lab"), "port": .integer(3260), "reboot": .boolean(false),
            "guest": .missing, "evil": .string("$(id) ${{ inputs.port }} 'x'"),
        ],
        hosts: [master: first, slave: second], host: master, peer: slave,
        environment: [
            .init(name: "PORT", value: Template(parts: [.value(.reference(.input("port")))])),
            .init(
                name: "ADDRESS",
                value: Template(parts: [.text("nas:"), .value(.reference(.environment("PORT")))])),
            .init(name: "PEER_IP", value: Template(parts: [.value(.reference(.peer("ip")))])),
        ],
        outputs: { step, host, name in
            guard step == StepID("read"), name == "bytes" else { return nil }
            return host == master ? .integer(10) : nil
        })
}

private func reference(_ reference: Reference) -> Expression { .reference(reference) }

@Suite struct EvaluationTests {
    @Test(
        arguments: [
            (.reference(.input("port")), .integer(3260)),
            (.reference(.hostAttribute(slave, "node")), .string("pve2")),
            (.reference(.thisHost("ip")), .string("10.0.0.1")),
            (.reference(.thisHost("id")), .string("master")),
            (.reference(.peer("address")), .string("192.0.2.12")),
            (.reference(.environment("ADDRESS")), .string("nas:3260")),
            (.reference(.output(StepID("read"), on: master, "bytes")), .integer(10)),
            (.reference(.output(StepID("read"), on: nil, "bytes")), .integer(10)),
            (.not(.reference(.input("guest"))), .boolean(true)),
            (
                .or(
                    .and(
                        .compare(.equal, .reference(.input("port")), .literal(.integer(1))),
                        .literal(.string("a"))),
                    .literal(.string("b"))), .string("b")
            ),
            (.and(.literal(.string("")), .reference(.input("unknown"))), .string("")),
            (.compare(.greaterOrEqual, .reference(.input("port")), .literal(.integer(3260))), .boolean(true)),
            (.compare(.equal, .reference(.input("guest")), .literal(.string(""))), .boolean(true)),
            (.compare(.notEqual, .reference(.input("guest")), .literal(.integer(0))), .boolean(true)),
            (
                .contained(
                    .reference(.thisHost("node")), in: [.literal(.string("x")), .literal(.string("pve1"))]),
                .boolean(true)
            ),
            (.call(.lower, [.literal(.string("ÄB"))]), .string("äb")),
            (.call(.trim, [.literal(.string(" \t a b\n"))]), .string("a b")),
            (.call(.length, [.literal(.string("añb"))]), .integer(3)),
            (.call(.default, [.reference(.peer("ip")), .literal(.string("none"))]), .string("none")),
            (.call(.default, [.reference(.input("guest")), .literal(.integer(7))]), .integer(7)),
        ] as [(Expression, Value)])
    func expressionsHaveTheirValue(_ expression: Expression, _ value: Value) throws {
        #expect(try expression.evaluate(in: scope()) == value)
    }

    @Test(
        arguments: [
            (
                .reference(.output(StepID("read"), on: slave, "bytes")),
                .outputNotKnownYet(StepID("read"), host: slave, name: "bytes")
            ),
            (.reference(.thisHost("clock_skew")), .hostNotAskedYet(master, name: "clock_skew")),
            (.reference(.peer("ip")), .noValue(name: "peer.ip")),
            (.reference(.environment("PEER_IP")), .noValue(name: "peer.ip")),
            (
                .compare(.less, .literal(.string("a")), .literal(.string("b"))),
                .notComparable(.less, .string("a"), .string("b"))
            ),
            (
                .compare(.equal, .reference(.input("port")), .literal(.string("3260"))),
                .notComparable(.equal, .integer(3260), .string("3260"))
            ),
            (.call(.lower, [.literal(.integer(1))]), .wrongArgument(.lower)),
        ] as [(Expression, EvaluationError)])
    func expressionsWithoutValueSayWhy(_ expression: Expression, _ error: EvaluationError) {
        #expect(throws: error) { try expression.evaluate(in: scope()) }
    }

    @Test func onlyWhatMayComeLaterIsNotKnownYet() {
        #expect(EvaluationError.outputNotKnownYet(StepID("a"), host: nil, name: "b").isNotKnownYet)
        #expect(EvaluationError.hostNotAskedYet(master, name: "clock_skew").isNotKnownYet)
        #expect(!EvaluationError.noValue(name: "peer.ip").isNotKnownYet)
    }

    @Test func sourceIsTheExpressionAsItIsWritten() {
        let expression = Expression.or(
            .and(
                .compare(.equal, .reference(.input("disk")), .literal(.string("it's"))),
                .literal(.string("-p"))),
            .not(.or(.literal(.boolean(true)), .call(.lower, [.reference(.environment("A"))]))))
        #expect(expression.source == "inputs.disk == 'it''s' and '-p' or not (true or lower(env.A))")
    }
}

@Suite struct TemplateTests {
    private func template(_ expression: Expression) -> Template {
        Template(parts: [.text("a "), .value(expression), .text(" z")])
    }

    @Test func valuesAreInsertedOnceAndNeverReadAgain() throws {
        let evil = template(reference(.input("evil")))
        #expect(try evil.text(in: scope()) == "a $(id) ${{ inputs.port }} 'x' z")
        #expect(try evil.text(in: scope(), fit: .shell) == #"a '$(id) ${{ inputs.port }} '\''x'\''' z"#)
        #expect(
            try evil.text(in: scope(), fit: .pattern) == #"a \$\(id\) \$\{\{ inputs\.port }} 'x' z"#)
    }

    @Test func rawIsInsertedInShellTextAsItIs() throws {
        let raw = Template(parts: [.text("echo "), .raw(reference(.input("cluster")))])
        #expect(try raw.text(in: scope(), fit: .shell) == "echo home lab")
    }

    @Test(arguments: [(UInt8(0), false), (10, true)])
    func lineBreaksAndNULsAreRefusedWhereTheyWouldBeRead(_ byte: UInt8, isFineInPlainText: Bool) throws {
        let bad = String(UnicodeScalar(byte))
        var scope = scope()
        scope.inputs["bad"] = .string("x\(bad)y")
        let template = template(reference(.input("bad")))
        let error = EvaluationError.forbiddenCharacter(name: "inputs.bad")
        #expect(throws: error) { try template.text(in: scope, fit: .shell) }
        #expect(throws: error) { try template.text(in: scope, fit: .pattern) }
        if isFineInPlainText {
            #expect(try template.text(in: scope) == "a x\ny z")
        } else {
            #expect(throws: error) { try template.text(in: scope) }
        }
    }

    @Test func environmentLeavesOutWhatHasNoValueHere() throws {
        var scope = scope()
        scope.environment.append(.init(name: "PORT", value: Template("1")))
        let texts = try scope.environmentTexts()
        #expect(texts.map { "\($0.name)=\($0.text)" } == ["ADDRESS=nas:3260", "PORT=1"])
    }

    @Test func environmentCannotReachItselfOrLaterEntries() {
        var scope = scope()
        scope.environment = [
            .init(name: "A", value: Template(parts: [.value(reference(.environment("B")))])),
            .init(name: "B", value: Template(parts: [.value(reference(.environment("B")))])),
        ]
        #expect(throws: EvaluationError.noValue(name: "env.B")) {
            try scope.value(of: .environment("A"))
        }
        #expect(throws: EvaluationError.noValue(name: "env.B")) {
            try scope.value(of: .environment("B"))
        }
    }

    /// The laughs of the billion: each entry doubles the one before.
    @Test(.timeLimit(.minutes(1))) func growthIsStopped() {
        var scope = scope()
        scope.environment = [.init(name: "E0", value: Template("0123456789"))]
        for number in 1...64 {
            let last = Expression.reference(.environment("E\(number - 1)"))
            scope.environment.append(
                .init(name: "E\(number)", value: Template(parts: [.value(last), .value(last)])))
        }
        #expect(throws: EvaluationError.tooLong) { try scope.value(of: .environment("E64")) }
    }

    @Test func sourceAndLiteralShowTheTemplate() {
        let whole = template(reference(.input("cluster")))
        #expect(whole.source == "a ${{ inputs.cluster }} z")
        #expect(whole.literal == nil)
        #expect(Template("plain").literal == "plain")
    }
}
