using System.Text;
using CsCheck;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;
using Xunit;

namespace Dlrm.Data.Tests.Preprocessing;

/// <summary>Rows with bytes changed at random: no crash, no hang, and no other row changed.</summary>
public sealed class MutatedRowsTests
{
    private const int Rows = 40;

    private static readonly DataSchema Schema = new()
    {
        Label = "click",
        Dense = [new DenseColumn { Column = "price" }],
        Sparse =
        [
            new SparseColumn { Column = "site" }, new SparseColumn { Column = "code", Type = SparseType.Hex },
            new SparseColumn { Column = "tags", Separator = "|" },
        ],
        Weight = "weight",
    };

    [Fact]
    public void A_changed_row_is_read_or_left_out_and_changes_no_other()
    {
        Gen.Select(Gen.Int[0, Rows - 1], Gen.Int[0, 200], Gen.Byte, (row, place, value) => (row, place, value))
            .Where(change => change.value is not (byte)'"' and not (byte)'\n')
            .Sample(change =>
            {
                byte[][] lines = Lines();
                byte[] line = lines[change.row];
                line[change.place % line.Length] = change.value;
                string[] plain = Read(Lines(), out _);
                string[] mutated = Read(lines, out long skipped);
                Assert.InRange(skipped, 0, 1);
                Assert.Equal(Rows - skipped, mutated.Length);
                List<string> others = [.. plain];
                others.RemoveAt(change.row);
                List<string> found = [.. mutated];
                if (skipped == 0)
                {
                    found.RemoveAt(change.row);
                }

                Assert.Equal(others, found);
            }, iter: 60, threads: 1);
    }

    [Fact]
    public void Any_bytes_give_rows_or_a_message()
    {
        Gen.Select(Gen.Int[0, 2000], Gen.Byte, (place, value) => (place, value)).List[1, 12].Sample(
            changes =>
            {
                byte[] text = [.. Header(), .. Lines().SelectMany(line => line.Append((byte)'\n'))];
                foreach ((int place, byte value) in changes)
                {
                    text[place % text.Length] = value;
                }

                using var folder = new TemporaryFolder();
                try
                {
                    PreprocessReport report = Run(folder, text);
                    Assert.InRange(report.Description.Rows, 1, Rows);
                }
                catch (BadDataException exception)
                {
                    Assert.Contains("a.csv", exception.Message, StringComparison.Ordinal);
                    Assert.False(Directory.Exists(folder["out.partial"]));
                }
            }, iter: 60, threads: 1);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(100)]
    public void A_packed_file_that_breaks_off_anywhere_is_told(int lost)
    {
        using var folder = new TemporaryFolder();
        byte[] text = [.. Header(), .. Lines().SelectMany(line => line.Append((byte)'\n'))];
        byte[] packed = TemporaryFolder.GZip(text);
        string file = folder.Write("a.csv.gz", packed.AsSpan(0, packed.Length - lost));
        Assert.Throws<BadDataException>(() => Preprocessor.Run(
            new PreprocessOptions { Inputs = [file], Output = folder["out"], Schema = Schema, Split = "none" }));
        Assert.False(Directory.Exists(folder["out.partial"]));
    }

    private static byte[] Header() => Encoding.ASCII.GetBytes("click,price,site,code,tags,weight\n");

    private static byte[][] Lines() =>
    [
        .. Enumerable.Range(0, Rows).Select(row => Encoding.ASCII.GetBytes(FormattableString.Invariant(
            $"{row % 2},{row * 1.5},site{row % 7},{row * 77777:x8},a{row % 3}|b{row % 5},{row % 4}"))),
    ];

    private static string[] Read(byte[][] lines, out long skipped)
    {
        using var folder = new TemporaryFolder();
        PreprocessReport report = Run(folder, [.. Header(), .. lines.SelectMany(line => line.Append((byte)'\n'))]);
        skipped = report.Description.Skipped.Values.Sum();
        using var set = DataSetFolder.Open(folder["out"]);
        return [.. new RowDecoder(set).Read("train", Rows).Select(row => string.Join('\t', row))];
    }

    private static PreprocessReport Run(TemporaryFolder folder, byte[] text) => Preprocessor.Run(new PreprocessOptions
    {
        Inputs = [folder.Write("a.csv", text)],
        Output = folder["out"],
        Schema = Schema,
        Split = "none",
        OnBadLine = OnBadLine.Skip,
        Threads = 1,
    });
}
