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
    private var waves: [Int]
    private var whole: [Fault]
    private var finishedCount = 0
    private var saidCount = 0

    init(units: [Unit], faults: [Fault], schedule: Schedule, console: Console) {
        self.units = units
        self.schedule = schedule
        self.console = console
        waves = schedule.waves.indices.filter { index in
            schedule.waves[index].units.contains(where: units.contains)
        }
        lastWave = waves.last ?? 0
        whole = faults
        matrix = CrashMatrix(units: units, faults: faults)
    }

    func nextWave() -> Int? { waves.isEmpty ? nil : waves.removeFirst() }
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
    }

    func add(_ fault: Fault, _ verdict: Verdict, strikes: Int) {
        matrix.whole.append((fault, verdict, strikes))
        progress("whole run, \(fault.rawValue)")
    }

    func finished(_ unit: Unit) {
        finishedCount += 1
        // Where there is no status line, a line now and then.
        guard finishedCount * 10 / units.count > saidCount else { return }
        saidCount = finishedCount * 10 / units.count
        console.say("\(.dim, summary)")
    }

    private func progress(_ text: String) { console.status("\(summary) \(.dim, text)") }

    private var summary: String {
        let cells = matrix.cells.values
        return "\(finishedCount) of \(counted(units.count, "step")), \(counted(cells.count, "fault")), "
            + "\(cells.count { $0.verdict.word == "asks" }) ask, \(cells.count { !$0.verdict.isFine }) wrong, "
            + DurationText.text(ContinuousClock.now - began)
    }
}
