import RunbookEngine
import RunbookLab
import RunbookModel
import RunbookTerminal
import RunbookText

/// What is to be done and what was found, shared by the labs that work side by side.
actor CrashBoard {
    nonisolated let units: [Unit]
    nonisolated let began = ContinuousClock.now
    /// The last wave that is wanted; a clean run need not go further.
    nonisolated let lastWave: Int
    private(set) var matrix: CrashMatrix
    private let schedule: Schedule
    private let console: Console
    private let waves: [Int]
    private var whole: [Fault]
    /// What is to be broken, in the runbook's order; nil until a clean run has shown it.
    private var pending: [(Strike, wave: Int)]?
    private var count = 0
    /// By wave: what differs although nothing was broken.
    private(set) var noise: [Int: Set<String>] = [:]
    private var saidCount = 0

    init(units: [Unit], faults: [Fault], schedule: Schedule, console: Console) {
        self.units = units
        self.schedule = schedule
        self.console = console
        waves = schedule.waves.indices.filter { index in
            schedule.waves[index].units.contains(where: units.contains)
        }
        // A little further than the last one that is broken: see `CellRunner.later`.
        lastWave = min((waves.last ?? 0) + 8, schedule.waves.count - 1)
        whole = faults
        matrix = CrashMatrix(units: units, faults: faults)
    }

    /// Lays out the work as the clean run has shown it; the first lab that comes does.
    func plan(_ pass: CleanPass, _ faults: [Fault]) {
        guard pending == nil else { return }
        let runner = CellRunner(clean: pass)
        let work = waves.flatMap { wave in
            schedule.waves[wave].units.filter(units.contains).flatMap { unit in
                runner.strikes(at: unit, ofWave: wave, faults).map { ($0, wave: wave) }
            }
        }
        count = work.count
        pending = work
    }

    func next() -> (Strike, wave: Int)? { pending.flatMap { $0.isEmpty ? nil : pending?.removeFirst() } }
    func nextWhole() -> Fault? { whole.isEmpty ? nil : whole.removeFirst() }

    func add(_ cell: CrashCell) {
        matrix.cells[cell.strike] = cell
        if !cell.verdict.isFine {
            console.say("\(.error, cell.verdict.word): \(cell.strike.words): \(cell.verdict.detail)")
        }
        progress(cell.strike.words)
    }

    func add(_ trouble: LabTrouble, _ wave: Int) {
        for unit in schedule.waves[wave].units where units.contains(unit) {
            matrix.trouble[unit] = trouble.message
        }
        pending?.removeAll { $0.wave == wave }
    }

    func add(_ found: Set<String>, ofWave wave: Int) {
        noise[wave] = found
        matrix.noise.formUnion(found)
    }

    func add(_ fault: Fault, _ verdict: Verdict, strikes: Int) {
        matrix.whole.append((fault, verdict, strikes))
        progress("whole run, \(fault.rawValue)")
    }

    private func progress(_ text: String) {
        console.status("\(summary) \(.dim, text)")
        // Where there is no status line, a line now and then.
        guard count > 0, matrix.cells.count * 10 / count > saidCount else { return }
        saidCount = matrix.cells.count * 10 / count
        console.say("\(.dim, summary)")
    }

    private var summary: String {
        let cells = matrix.cells.values
        return "\(cells.count) of \(counted(count, "fault")), "
            + "\(cells.count { $0.verdict.word == "asks" }) ask, \(cells.count { !$0.verdict.isFine }) wrong, "
            + DurationText.text(ContinuousClock.now - began)
    }
}
