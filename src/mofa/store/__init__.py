"""What a campaign keeps: an append-only list of events, content-addressed files, and an outbox of fresh results.

Events are the truth (`events.EventStore`); everything else is derived from them: `records.load` gives linkers, MOFs,
refusals, timings and the funnel of a campaign folder. Structures lie in `files.FileStore`, named by their content;
events hold references and scalars. Workers leave results in `outbox.Outbox` before they report, so that nothing that
was computed is lost when the main process dies.

Nothing is imported here: worker processes use files and outbox without loading the database library.
"""
