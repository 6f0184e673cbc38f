/// The lab's time. It starts at zero when the lab starts and may run faster than the clock on the wall.
package protocol LabClock: Sendable {
    /// Lab time since the lab began.
    var now: Duration { get }
    /// Seconds since 1970 for the dates that commands print.
    var unixTime: Int { get }
    /// Waits for a stretch of lab time; throws `CancellationError` when the caller was killed meanwhile.
    func sleep(_ duration: Duration) async throws
}

/// Lab time as a multiple of real time.
package struct ScaledClock: LabClock {
    private let factor: Double
    private let origin: ContinuousClock.Instant
    private let wall: @Sendable () -> Int

    /// - Parameters:
    ///   - factor: lab seconds in one real second; 45 lab seconds of waiting for quorum take 0.75 s at 60.
    ///   - wall: seconds since 1970, asked each time a date is printed.
    package init(factor: Double, wall: @escaping @Sendable () -> Int) {
        self.factor = max(factor, 0.001)
        self.wall = wall
        origin = ContinuousClock.now
    }

    package var now: Duration { (ContinuousClock.now - origin) * factor }

    package var unixTime: Int { wall() }

    package func sleep(_ duration: Duration) async throws {
        try await ContinuousClock().sleep(for: duration / factor)
    }
}

/// A calendar date in UTC, from seconds since 1970, by the days-from-civil arithmetic.
struct LabDate: Equatable {
    var year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, weekday: Int

    init(unixTime: Int) {
        let days = (unixTime - ((unixTime % 86400) + 86400) % 86400) / 86400
        let rest = unixTime - days * 86400
        (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
        weekday = ((days % 7) + 11) % 7
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let doe = z - era * 146_097
        let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146_096) / 365
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
        let mp = (5 * doy + 2) / 153
        day = doy - (153 * mp + 2) / 5 + 1
        month = mp < 10 ? mp + 3 : mp - 9
        year = yoe + era * 400 + (month <= 2 ? 1 : 0)
    }

    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private var time: String { "\(two(hour)):\(two(minute)):\(two(second))" }

    /// `2015-08-12 10:14:03`
    var iso: String { "\(year)-\(two(month))-\(two(day)) \(time)" }

    /// `Wed Aug 12 10:41:07 2015`, as ctime(3).
    var ctime: String {
        "\(Self.days[weekday]) \(Self.months[month - 1]) \(String(day).leftPadded(to: 2)) \(time) \(year)"
    }

    /// `Aug 12 10:41:07`, as syslog and the logs of the cluster daemons.
    var syslog: String { "\(Self.months[month - 1]) \(two(day)) \(time)" }

    private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension String {
    func leftPadded(to width: Int) -> String {
        count >= width ? self : String(repeating: " ", count: width - count) + self
    }

    func rightPadded(to width: Int) -> String {
        count >= width ? self : self + String(repeating: " ", count: width - count)
    }
}
