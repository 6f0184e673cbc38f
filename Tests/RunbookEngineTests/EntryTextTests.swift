import RunbookModel
import RunbookSupervisor
import Testing

@testable import RunbookEngine

/// What may be hidden in an entry, and what it is about.
@Suite struct EntryTextTests {
    static let unit = Unit("nextcloud-db", "a")
    static let attempt = AttemptID(step: unit.step, host: HostID("a"), number: 1)

    /// A secret that is a step's name, a status or a hash: it goes out of the texts, and the record stays the same.
    @Test func onlyTextsForPeopleAreChanged() {
        let outcome = Outcome(
            unit: Self.unit, attempt: Self.attempt, end: .exited(0), isDone: true, reason: "nextcloud exited",
            acts: "nextcloud", output: "key nextcloud", errors: "nextcloud", time: "now")
        let hidden = Outcome(
            unit: Self.unit, attempt: Self.attempt, end: .exited(0), isDone: true, reason: "*** ***",
            acts: "nextcloud", output: "key ***", errors: "***", time: "now")
        let changed = Entry.outcome(outcome).mappingTexts {
            $0.replacing("nextcloud", with: "***").replacing("exited", with: "***")
        }
        #expect(changed == .outcome(hidden))
        let intent = Intent(
            unit: Self.unit, attempt: Self.attempt, acts: "nextcloud", bootID: "nextcloud",
            text: "do nextcloud")
        var shown = intent
        shown.text = "do ***"
        #expect(
            Entry.intent(intent).mappingTexts { $0.replacing("nextcloud", with: "***") } == .intent(shown))
        #expect(Entry.fenced(Self.attempt).mappingTexts { _ in "***" } == .fenced(Self.attempt))
    }
}
