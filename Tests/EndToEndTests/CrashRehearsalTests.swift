import RunbookTestSupport
import Testing

/// `rehearse --crash` with the built program on real practice nodes.
@Suite(.serialized, .enabled(if: PracticeNodes.arePossible, "practice nodes need user namespaces and bwrap"))
struct CrashRehearsalTests {
    private static let runbook =
        String(#filePath.dropLast("Tests/EndToEndTests/CrashRehearsalTests.swift".count))
        + "runbooks/two-node.yaml"

    private func rehearse(_ arguments: String...) throws -> CommandResult {
        try run(
            [Story.program, "rehearse", "--crash", Self.runbook] + arguments,
            environment: Story.environment)
    }

    @Test(.timeLimit(.minutes(4))) func everyBoundaryOfTwoStepsEndsAsTheCleanRun() throws {
        // Not `die`: what a killed pvecm leaves depends on where in it the signal came.
        let result = try rehearse("--only", "hosts-file", "--only", "create", "--faults", "kill,cut,fail")
        #expect(result.status == 0, "\(result.errors)")
        #expect(
            result.output == """
                                      kill   cut    fail
                                      aiser  aiser
                hosts-file on master  =====  =====  .
                hosts-file on slave   =====  =====  .
                create on master      =====  =====  =

                """)
    }

    @Test(.timeLimit(.minutes(1))) func aStepThatIsNotThereIsSaid() throws {
        let result = try rehearse("--only", "creat")
        #expect(result.status == 64)
        #expect(result.errors.hasSuffix("error: there is no step creat; did you mean create?\n"))
    }

    /// It kills itself and cuts links: nothing but the nodes of a running lab may be its host.
    @Test(.timeLimit(.minutes(1))) func strikesHitNothingButPracticeNodes() throws {
        let folder = try TemporaryDirectory("crash")
        try folder.write(
            "two-node.site.yaml",
            """
            for: two-node
            inputs: { portal: 192.0.2.20, iqn: 'iqn.2015-08.lan.nas:quorum' }
            hosts:
              master: { address: 127.0.0.1, port: 9, node: pve1, ip: 192.0.2.11 }
              slave: { address: 127.0.0.1, port: 9, node: pve2, ip: 192.0.2.12 }
            """)
        let result = try run(
            [
                Story.program, "practice-run", Self.runbook, "--dir", folder.path, "--at",
                "kill:asked:preflight",
            ],
            environment: Story.environment)
        #expect(result.status == 64)
        #expect(result.output == "")
        #expect(
            result.errors
                == "error: these hosts are not the practice nodes of a lab that runs in \(folder.path)\n")
    }

    @Test(.enabled(if: isLong), .timeLimit(.minutes(30)))
    func everyBoundaryOfEveryStepEndsAsTheCleanRunOrAsks() throws {
        let result = try rehearse()
        #expect(result.status == 0, "\(result.output)\n\(result.errors)")
    }
}

enum PracticeNodes {
    /// Whether this machine lets an ordinary process make what a lab is made of.
    static let arePossible: Bool = {
        let tryIt = "PATH=/usr/sbin:/usr/bin:/sbin:/bin; ip link add one type veth && bwrap --version"
        let result = try? run(["unshare", "-Urnmpf", "--mount-proc", "sh", "-c", tryIt])
        return result?.status == 0
    }()
}
