import Glibc
import RunbookModel
import RunbookSSH
import RunbookTestSupport
import RunbookTransport
import Testing

extension SSHTests {
    /// Whatever goes wrong while a connection is made, no descriptor stays behind.
    @Suite(.enabled(if: SSHDServer.isAvailable, "\(SSHDServer.missing)"), .timeLimit(.minutes(2)))
    struct DescriptorTests {
        /// Descriptors may run out at any point of it.
        @Test(arguments: [false, true])
        func nothingStaysWhenDescriptorsRunOut(throughAnother: Bool) async throws {
            let gate = try SSHDServer(), server = try SSHDServer()
            defer { withExtendedLifetime(gate) {} }
            let client = try Client()
            var target = server.target
            if throughAnother { target.jumps = [gate.target] }
            await (try await client.connect(target)).close()
            let before = await settled()
            var failures = 0, successes = 0
            // Until there are enough for it to work.
            for free in 0..<40 where successes == 0 {
                let limit = try limitDescriptors(free: free)
                let error = await client.failure(target)
                try restoreDescriptors(limit)
                if error == nil { successes += 1 } else { failures += 1 }
                #expect(await settled(before) <= before, "\(free) were free: \(String(describing: error))")
            }
            #expect(successes == 1 && failures >= 3)
        }

        /// The task may be cancelled at any moment.
        @Test(arguments: [false, true])
        func nothingStaysWhenItIsCancelled(throughAnother: Bool) async throws {
            let gate = try SSHDServer(), server = try SSHDServer()
            defer { withExtendedLifetime(gate) {} }
            let client = try Client()
            var target = server.target
            if throughAnother { target.jumps = [gate.target] }
            await (try await client.connect(target)).close()
            let before = await settled()
            var cancelled = 0
            for pause in stride(from: 0, to: throughAnother ? 240 : 120, by: 6) {
                let task = Task { [target] in await client.failure(target) }
                try await Task.sleep(for: .milliseconds(pause))
                task.cancel()
                if await task.value != nil { cancelled += 1 }
            }
            #expect(cancelled > 0)
            #expect(await settled(before) <= before)
        }

        /// The host is not the right one, or lets nobody in.
        @Test func nothingStaysOfRefusals() async throws {
            let gate = try SSHDServer(), server = try SSHDServer()
            let client = try Client()
            var good = server.target
            good.jumps = [gate.target]
            var other = good, stranger = good, away = good, shut = good
            other.hostKeys = ["SHA256:AAAA"]
            stranger.identity = gate.userKey
            away.port = try freePort()
            shut.jumps[0].identity = server.userKey
            await (try await client.connect(good)).close()
            let before = await settled()
            let codes: [TransportError.Code] = [
                .hostKeyChanged, .authenticationFailed, .unreachable, .authenticationFailed,
            ]
            for (target, code) in zip([other, stranger, away, shut], codes) {
                for _ in 0..<3 { #expect(await client.failure(target)?.code == code) }
            }
            #expect(await settled(before) <= before)
        }

        /// How many descriptors are open once the threads that are ending have ended: when the count is that of
        /// before, or does not fall any more.
        private func settled(_ before: Int = 0) async -> Int {
            var count = openDescriptors.count, still = 0
            while count > before, still < 20 {
                try? await Task.sleep(for: .milliseconds(20))
                let now = openDescriptors.count
                still = now < count ? 0 : still + 1
                count = now
            }
            return count
        }

        private var openDescriptors: [Int32] { (0..<1024).filter { fcntl($0, F_GETFD) >= 0 } }

        /// Lets this process open only so many more; answers the limit that was.
        private func limitDescriptors(free: Int) throws -> rlimit {
            let open = Set(openDescriptors)
            var left = free, number: Int32 = 0
            while left > 0 {
                if !open.contains(number) { left -= 1 }
                number += 1
            }
            var limit = rlimit()
            try #require(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            let before = limit
            limit.rlim_cur = rlim_t(number)
            try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            return before
        }

        private func restoreDescriptors(_ limit: rlimit) throws {
            var limit = limit
            try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        }
    }
}
