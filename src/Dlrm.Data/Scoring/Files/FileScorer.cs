using System.Diagnostics;
using System.Globalization;
using Dlrm.Data.Preprocessing;
using Dlrm.Threading;
using Dlrm.Training;

namespace Dlrm.Data.Scoring.Files;

/// <summary>Scores files of raw rows, in their order, in bounded memory.</summary>
/// <remarks>
/// A thread reads and unpacks ahead. All others take turns: they encode a block of text each, the model scores what they
/// encoded with all of them, and they write the scores as text. So no core waits for another's stage, and all that scoring
/// costs beyond the model's own time is the work of reading and writing. Order, scores and files do not depend on the number
/// of threads.
/// </remarks>
public sealed class FileScorer
{
    private const int ExamplesKept = 5;

    private readonly ModelScorer _scorer;
    private readonly ScoringOptions _options;
    private readonly IReadOnlyList<string> _files;
    private readonly List<string> _examples = [];
    private readonly WorkerTeam _team;
    private long _rows;
    private long _bad;
    private long _modelTicks;

    /// <summary>Finds the files.</summary>
    /// <param name="scorer">The model.</param>
    /// <param name="options">What and how.</param>
    /// <exception cref="InvalidOperationException">The model does not tell how raw rows are encoded.</exception>
    /// <exception cref="FileNotFoundException">A name or pattern stands for nothing.</exception>
    /// <exception cref="ArgumentException">A file is named twice.</exception>
    public FileScorer(ModelScorer scorer, ScoringOptions options)
    {
        scorer.CreateBatch(1).Dispose();
        _scorer = scorer;
        _options = options;
        _files = options.Files();
        _team = scorer.Model.Engine.Team;
    }

    /// <summary>Scores all rows.</summary>
    /// <param name="target">Receives the scores.</param>
    /// <param name="progress">Told now and then; null for nobody.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="BadDataException">A file cannot be read as it is, or a row is bad.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    /// <exception cref="IOException">The target cannot be written.</exception>
    public ScoringReport Run(Stream target, IProgress<LoadProgress>? progress = null, CancellationToken cancellation = default)
    {
        long started = Stopwatch.GetTimestamp();
        RowBlock[] blocks = [.. Enumerable.Range(0, _team.Workers).Select(_ => new RowBlock(_scorer.Encoder!, _options))];
        using MetricsAccumulator? metrics = _options.Metrics ? new MetricsAccumulator() : null;
        try
        {
            using var sink = ScoreSink.Of(_options, target, blocks.Length);
            long total = _files.Sum(Length);
            long before = 0;
            foreach (string file in _files)
            {
                using var input = RowInput.Open(file, _options, _scorer.Encoder!, (4 * blocks.Length) + 2, cancellation);
                sink.Begin(input);
                ScoreFile(input, blocks, sink, metrics, (before, total), progress);
                before += Length(file);
            }

            sink.Complete();
            target.Flush();
            return new ScoringReport
            {
                Rows = _rows,
                BadRows = _bad,
                Examples = _examples,
                Time = Stopwatch.GetElapsedTime(started),
                ModelTime = Stopwatch.GetElapsedTime(0, _modelTicks),
                Fields = Sum(blocks),
                Metrics = metrics?.Compute(),
            };
        }
        finally
        {
            foreach (RowBlock block in blocks)
            {
                block.Dispose();
            }
        }
    }

    private static long Length(string file) => file == SourceFiles.StandardInput ? 0 : new FileInfo(file).Length;

    private static FieldCounts[] Sum(RowBlock[] blocks) =>
    [
        .. Enumerable.Range(0, blocks[0].Batch.Counts.Length).Select(field => new FieldCounts
        {
            Rows = blocks.Sum(block => block.Batch.Counts[field].Rows),
            Missing = blocks.Sum(block => block.Batch.Counts[field].Missing),
            Unknown = blocks.Sum(block => block.Batch.Counts[field].Unknown),
        }),
    ];

    private void ScoreFile(
        RowInput input, RowBlock[] blocks, ScoreSink sink, MetricsAccumulator? metrics, (long Before, long Total) place,
        IProgress<LoadProgress>? progress)
    {
        long lines = input.HasHeader ? 1 : 0;
        int count;
        do
        {
            for (count = 0; count < blocks.Length && input.Reader.Next() is { } text; count++)
            {
                blocks[count].Begin(text, input);
            }

            ScoreBlocks(blocks.AsSpan(0, count));
            for (int block = 0; block < count; block++)
            {
                TakeBadRows(input, blocks[block], lines);
                lines += blocks[block].Lines;
            }

            var prepare = new PrepareWork(blocks, count, sink);
            _team.Run(ref prepare);
            for (int block = 0; block < count; block++)
            {
                sink.Write(blocks[block], block);
                _rows += blocks[block].Rows;
                Compare(blocks[block], metrics);
                input.Reader.Return(blocks[block].Text);
            }

            progress?.Report(new LoadProgress(
                $"scoring {Path.GetFileName(input.File)}", place.Before + input.Reader.BytesRead, place.Total, _rows));
        }
        while (count == blocks.Length);
    }

    /// <summary>Encodes and scores in turns, until all rows of all blocks have a score.</summary>
    private void ScoreBlocks(Span<RowBlock> blocks)
    {
        for (bool left = blocks.Length > 0; left;)
        {
            var encode = new EncodeWork([.. blocks]);
            _team.Run(ref encode);
            left = false;
            foreach (RowBlock block in blocks)
            {
                long began = Stopwatch.GetTimestamp();
                block.Take(_scorer.Score(block.Batch));
                _modelTicks += Stopwatch.GetTimestamp() - began;
                left |= !block.IsDone;
            }
        }
    }

    private void TakeBadRows(RowInput input, RowBlock block, long lines)
    {
        foreach (BadLine found in block.Bad)
        {
            BadLine bad = found with { Line = lines + found.Line };
            string described = bad.ColumnName.Length > 0 && input.IsJson
                ? string.Create(CultureInfo.InvariantCulture, $"line {bad.Line}, field {bad.ColumnName}: '{bad.Text}' {bad.Problem}.")
                : bad.Describe();
            if (_options.OnBadRow == OnBadRow.Error || bad.Reason == BadLineReason.Truncated)
            {
                throw new BadDataException(input.File, $"{described} {Fix(bad.Reason)}");
            }

            _bad++;
            if (_examples.Count < ExamplesKept)
            {
                _examples.Add($"{input.File}: {described}");
            }
        }
    }

    private static string Fix(BadLineReason reason) => reason == BadLineReason.Truncated
        ? "Fetch the file again."
        : "Correct the row, or pass --on-bad-row=null to leave its score empty.";

    private static void Compare(RowBlock block, MetricsAccumulator? metrics)
    {
        for (int row = 0; row < (metrics is null ? 0 : block.Rows);)
        {
            int end = row;
            while (end < block.Rows && !float.IsNaN(block.Scores[end]))
            {
                end++;
            }

            metrics!.Add(block.Scores[row..end], block.Labels[row..end]);
            row = end + 1;
        }
    }

    private readonly struct EncodeWork(RowBlock[] blocks) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            if (worker < blocks.Length)
            {
                blocks[worker].Encode();
            }
        }
    }

    private readonly struct PrepareWork(RowBlock[] blocks, int count, ScoreSink sink) : IParallelWork
    {
        public void Execute(int worker, int workers)
        {
            if (worker < count)
            {
                sink.Prepare(blocks[worker], worker);
            }
        }
    }
}
