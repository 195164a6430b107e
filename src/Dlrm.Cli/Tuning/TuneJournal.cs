using System.Text.Json.Nodes;
using Dlrm.Cli.Options;

namespace Dlrm.Cli.Tuning;

/// <summary>
/// journal.jsonl: what is tuned, then each training as it ends, so that a tuning that was interrupted goes on where it stood.
/// </summary>
internal sealed class TuneJournal : IDisposable
{
    private readonly FileStream _file;
    private readonly Dictionary<(int Setting, int Round, long Seed), TuneTrial> _trials = [];

    /// <summary>Opens a journal, or begins one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="heading">What is tuned and how.</param>
    /// <exception cref="UsageException">It was begun with another heading.</exception>
    public TuneJournal(string path, string heading)
    {
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            string text = new StreamReader(_file, leaveOpen: true).ReadToEnd();

            // A line that was not ended was being written when the machine stopped: it counts for nothing.
            int whole = text.LastIndexOf('\n') + 1;
            string[] lines = text[..whole].Split('\n', StringSplitOptions.RemoveEmptyEntries);
            _file.SetLength(System.Text.Encoding.UTF8.GetByteCount(text[..whole]));
            _file.Position = _file.Length;
            if (lines.Length == 0)
            {
                Write(new JsonObject { ["tune"] = heading });
                return;
            }

            string begun = (string?)JsonNode.Parse(lines[0])?["tune"] ?? "";
            if (begun != heading)
            {
                throw new UsageException(
                    $"{path} belongs to another tuning: '{begun}', not '{heading}'. Name another --output-dir, or give the same options.");
            }

            foreach (TuneTrial trial in lines.Skip(1).Select(Read))
            {
                _trials[(trial.Setting, trial.Round, trial.Seed)] = trial;
            }
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Trainings in it.</summary>
    public int Count => _trials.Count;

    /// <summary>A training that has ended, or null.</summary>
    public TuneTrial? Find(int setting, int round, long seed) => _trials.GetValueOrDefault((setting, round, seed));

    /// <summary>Adds one, on the disk before this returns.</summary>
    public void Add(TuneTrial trial)
    {
        _trials[(trial.Setting, trial.Round, trial.Seed)] = trial;
        Write(new JsonObject
        {
            ["setting"] = trial.Setting,
            ["round"] = trial.Round,
            ["seed"] = trial.Seed,
            ["log_loss"] = trial.LogLoss,
            ["auc"] = trial.Auc,
        });
    }

    public void Dispose() => _file.Dispose();

    private static TuneTrial Read(string line)
    {
        JsonNode node = JsonNode.Parse(line)!;
        return new TuneTrial(
            (int)node["setting"]!, (int)node["round"]!, (long)node["seed"]!, (double?)node["log_loss"], (double?)node["auc"]);
    }

    private void Write(JsonObject line)
    {
        _file.Write(System.Text.Encoding.UTF8.GetBytes(line.ToJsonString() + "\n"));
        _file.Flush(flushToDisk: true);
    }
}
