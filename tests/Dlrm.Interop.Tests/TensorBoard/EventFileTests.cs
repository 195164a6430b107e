using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using CsCheck;
using Dlrm.Interop.TensorBoard;
using Xunit;

namespace Dlrm.Interop.Tests.TensorBoard;

public sealed class EventFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dlrm-events-").FullName;

    [Fact]
    public void The_checksum_is_castagnolis()
    {
        Assert.Equal(0xE3069283u, Crc32C.Of("123456789"u8)); // RFC 3720's polynomial, the customary check value.
        Assert.Equal(0x8A9136AAu, Crc32C.Of(new byte[32])); // RFC 3720, B.4.
        Gen.Byte.Array[0, 100].Sample(bytes => Crc32C.Of(bytes) == ReadEvent.Crc(bytes));
    }

    [Fact]
    public void Each_event_is_in_the_file_as_soon_as_it_is_written()
    {
        using var file = new EventFile(_folder);
        ReadEvent version = Assert.Single(ReadEvent.All(file.Path));
        Assert.Equal("brain.Event:2", version.FileVersion);
        Assert.InRange(version.WallTime, 1.7e9, 1e11);
        file.Scalar("Train/Loss", 10, 0.1);
        file.Scalar("Train/Loss", 20, double.NaN);
        List<ReadEvent> events = ReadEvent.All(file.Path);
        Assert.Equal(("Train/Loss", 10, 0.1f), (events[1].Tag, events[1].Step, events[1].Scalar));
        Assert.True(float.IsNaN(events[2].Scalar!.Value));
    }

    [Fact]
    public void A_text_is_one_string_for_the_text_plugin()
    {
        using var file = new EventFile(_folder);
        file.Text("run/configuration", 0, "| größe | 1 |");
        ReadEvent text = ReadEvent.All(file.Path)[1];
        Assert.Equal(("run/configuration", "| größe | 1 |", "text"), (text.Tag, text.Text, text.Plugin));
    }

    [Fact]
    public void A_histogram_has_every_finite_value_in_its_bucket()
    {
        float[] values = [0, -0f, 1, 1.03f, 1.2f, -3, float.MaxValue, -1e-40f, float.NaN, float.PositiveInfinity, 0.5f];
        float[] finite = [.. values.Where(float.IsFinite)];
        using var file = new EventFile(_folder);
        var histogram = new ValueHistogram();
        histogram.Add(values.AsSpan(0, 4));
        histogram.Add(values.AsSpan(4));
        file.Histogram("parameters/x", 3, histogram);
        ReadEvent read = ReadEvent.All(file.Path)[1];
        double sum = finite.Sum(value => (double)value);
        double squares = finite.Sum(value => (double)value * value);
        Assert.Equal([-3, float.MaxValue, 9, sum, squares], read.Moments!);
        Assert.Equal(read.Limits.Order().Distinct(), read.Limits);
        Assert.Equal(read.Limits.Length, read.Counts.Length);
        for (int bucket = 0; bucket < read.Limits.Length; bucket++)
        {
            double from = bucket == 0 ? double.NegativeInfinity : read.Limits[bucket - 1];
            double to = read.Limits[bucket];
            int expected = finite.Count(value => to <= 0
                ? value > from && value <= to && value != 0
                : value >= from && (value < to || to == float.MaxValue));
            Assert.Equal(expected, read.Counts[bucket]);
        }
    }

    [Fact]
    public void Of_values_none_of_which_is_finite_there_is_no_histogram()
    {
        using var file = new EventFile(_folder);
        var histogram = new ValueHistogram();
        histogram.Add([float.NaN, float.NegativeInfinity]);
        file.Histogram("x", 1, histogram);
        Assert.Single(ReadEvent.All(file.Path));
    }

    [Fact]
    public void A_resumed_run_appends_a_file_that_is_read_after_the_others()
    {
        string first;
        using (var file = new EventFile(_folder))
        {
            first = file.Path;
        }

        using var resumed = new EventFile(_folder);
        resumed.Resumed(7);
        Assert.True(string.CompareOrdinal(first, resumed.Path) < 0);
        ReadEvent start = ReadEvent.All(resumed.Path)[1];
        Assert.True(start.IsStart);
        Assert.Equal(8, start.Step);
    }

    /// <summary>Only where Python has TensorBoard: point PYTHONPATH at it.</summary>
    [Fact]
    public void TensorBoard_itself_reads_what_was_written()
    {
        using (var file = new EventFile(_folder))
        {
            file.Text("run/configuration", 0, "| größe | 1 |");
            file.Scalar("Train/Loss", 10, 0.5);
            file.Scalar("Train/Loss", 20, 0.25);
            var histogram = new ValueHistogram();
            histogram.Add([1, 2, -3]);
            file.Histogram("parameters/x", 5, histogram);
        }

        using (var resumed = new EventFile(_folder))
        {
            resumed.Resumed(10);
            resumed.Scalar("Train/Loss", 20, 0.125);
        }

        string script = Path.Combine(AppContext.BaseDirectory, "TensorBoard", "read_events.py");
        if (Python(script) is not { } read)
        {
            Assert.Skip("Python has no tensorboard here.");
            return;
        }

        using JsonDocument document = JsonDocument.Parse(read);
        JsonElement root = document.RootElement;
        Assert.Equal("[[10,0.5],[20,0.125]]", root.GetProperty("scalars").GetProperty("Train/Loss").GetRawText().Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal("| größe | 1 |", root.GetProperty("texts").GetProperty("run/configuration").GetString());
        Assert.Equal(3, root.GetProperty("histograms").GetProperty("parameters/x")[0][1].GetDouble());
    }

    [Fact]
    public void The_reader_of_these_tests_sees_a_flipped_bit()
    {
        string path;
        using (var file = new EventFile(_folder))
        {
            path = file.Path;
            file.Scalar("x", 1, 1);
        }

        byte[] bytes = File.ReadAllBytes(path);
        Assert.Contains("tfevents", path, StringComparison.Ordinal);
        for (int at = 0; at < bytes.Length; at += 7)
        {
            byte[] flipped = [.. bytes];
            flipped[at] ^= 1;
            File.WriteAllBytes(path, flipped);
            Assert.ThrowsAny<Exception>(() => ReadEvent.All(path));
        }

    }

    /// <summary>What the script prints about the folder; null where it cannot run.</summary>
    private string? Python(string script)
    {
        try
        {
            var start = new ProcessStartInfo("python3", [script, _folder]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : null;
        }
        catch (Win32Exception)
        {
            return null; // There is no python3.
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
