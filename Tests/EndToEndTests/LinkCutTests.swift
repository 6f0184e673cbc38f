import RunbookTestSupport
import Testing

/// The link between the built program and a real server, cut at many bytes of a run.
@Suite(.serialized, .enabled(if: SSHDServer.isAvailable, Comment(rawValue: SSHDServer.missing)))
struct LinkCutTests {
    static let text = """
          - id: checked
            name: With a check
            host: box
            check: test -e DIR/n/checked
            run: echo x >> DIR/n/checked
          - id: asked
            name: Without a check
            host: box
            verify: { none: the test counts }
            interrupted: ask
            run: echo x >> DIR/n/asked
          - id: edited
            name: An edit
            host: box
            edit: { path: DIR/conf, match: '^colour=', line: colour=blue, validate: 'echo x >> DIR/n/edited; grep -q blue %s' }
        """

    /// The bytes to cut after: each boundary of what was sent at once, one byte before it and one after it.
    ///
    /// A host that stays away is waited for 40 seconds: few of the cuts are of that kind.
    private static func cuts(_ proxy: CuttingProxy) -> [CuttingProxy.Cut] {
        let all = CuttingProxy.Direction.allCases.flatMap { direction in
            let boundaries = proxy.boundaries(direction)
            // And bytes inside of what was sent at once, far apart.
            let inside = isLong ? Array(stride(from: 1, to: boundaries.last ?? 1, by: 61)) : []
            return Set(boundaries.flatMap { [$0 - 1, $0, $0 + 1] } + inside).sorted().map {
                CuttingProxy.Cut(direction, after: $0, refusesAfter: false)
            }
        }
        let some = all.indices.filter { $0 % (isLong ? 50 : 40) == 7 }.map { index in
            CuttingProxy.Cut(all[index].direction, after: all[index].offset, refusesAfter: true)
        }
        return all + some
    }

    @Test(.timeLimit(.minutes(isLong ? 60 : 6)))
    func aLinkCutAnywhereIsTakenUpAndNothingHappensTwice() throws {
        let bench = try Bench(Self.text, steps: ["checked", "asked", "edited"])
        let proxy = try CuttingProxy(to: bench.servers["box"]?.port ?? 0)
        try bench.writeSite(ports: ["box": proxy.port])
        #expect(try bench.runbook("run").status == 0)
        var cutCount = 0
        var statuses: [Int32: Int] = [:]
        let cuts = Self.cuts(proxy)
        let tried = try sample(cuts, seconds: 30, of: "cut of the link") { cut in
            try bench.reset()
            proxy.arm(cut)
            let result = try bench.runbook("run")
            if proxy.wasCut { cutCount += 1 }
            statuses[result.status, default: 0] += 1
            var wrong = bench.violations(result.output, "with the cut")
            // Taken up at once; or ended because the host is gone, or did not even greet us.
            let isNew = bench.steps.allSatisfy { bench.count($0) == 0 }
            if result.status != 0, !(result.status == 6 && (cut.refusesAfter || isNew)) {
                wrong.append("it ended with \(result.status): \(result.output)\(result.errors)")
            }
            proxy.arm(nil)
            wrong += try bench.violationsOfGoingOn(tries: 0)
            #expect(wrong == [], "\(cut)")
            #expect(bench.lines("conf") == ["colour=blue"], "\(cut)")
        }
        let ends = statuses.keys.sorted().map { "\(statuses[$0] ?? 0) ended with \($0)" }
        print("cut of the link: \(cutCount) of \(tried) were cut, \(ends.joined(separator: ", "))")
        #expect(cutCount * 10 >= tried * 9)
    }
}
