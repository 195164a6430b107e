using System.IO.Compression;
using System.Text;
using CsCheck;
using Dlrm.Interop.Models;
using Dlrm.Interop.PyTorch;
using Xunit;

namespace Dlrm.Interop.Tests.PyTorch;

public sealed class TorchFileTests
{
    [Theory]
    [InlineData("transposed", new[] { 0f, 6, 12, 18, 1, 7 })]
    [InlineData("slice", new[] { 8f, 9, 10, 14, 15, 16 })]
    [InlineData("half", new[] { 0f, 1, 2, 3, 4, 5 })]
    [InlineData("bfloat", new[] { 0f, 1, 2, 3, 4, 5 })]
    [InlineData("double", new[] { 0f, 1, 2, 3, 4, 5 })]
    [InlineData("parameter", new[] { 0f, 1, 2, 3, 4, 5 })]
    [InlineData("scalar", new[] { 2.5f })]
    [InlineData("empty", new float[0])]
    public void Reads_views_and_other_types(string name, float[] start)
    {
        using var file = TestFile.Copy("views.pt");
        using var archive = new TorchArchive(TorchFile.Open(file.Path));

        using var reader = new BinaryReader(archive.Open(name));
        Assert.Equal(start, start.Select(_ => reader.ReadSingle()));
        Assert.Equal(archive.Shapes[name].Aggregate(1L, (a, b) => a * b) == start.Length, reader.BaseStream.ReadByte() < 0);
    }

    [Theory]
    [InlineData("../../etc/passwd", RefusalReason.PathTraversal)]
    [InlineData("/etc/passwd", RefusalReason.PathTraversal)]
    [InlineData("a\\..\\b", RefusalReason.PathTraversal)]
    [InlineData("C:/x", RefusalReason.PathTraversal)]
    [InlineData("m/constants.pkl", RefusalReason.NotThisFormat)]
    [InlineData("other/data.pkl", RefusalReason.NotThisFormat)]
    public void Refuses_archives_with_such_an_entry(string name, RefusalReason reason)
    {
        using var file = TestFile.Copy("save.pt");
        using (ZipArchive archive = ZipFile.Open(file.Path, ZipArchiveMode.Update))
        {
            archive.CreateEntry(name);
        }

        RefusedFileException refused = Assert.Throws<RefusedFileException>(() => ModelFile.Open(file.Path));

        Assert.Equal(reason, refused.Reason);
    }

    [Fact]
    public void Refuses_a_zip_bomb_before_it_unpacks_a_byte()
    {
        using var file = TestFile.Named("bomb.pt");
        using (ZipArchive archive = ZipFile.Open(file.Path, ZipArchiveMode.Create))
        {
            using Stream entry = archive.CreateEntry("m/data.pkl", CompressionLevel.SmallestSize).Open();
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 64; i++)
            {
                entry.Write(zeros);
            }
        }

        Assert.Equal(RefusalReason.ZipBomb, Assert.Throws<RefusedFileException>(() => ModelFile.Open(file.Path)).Reason);
    }

    [Theory]
    [InlineData("K\u0063K\u0008\u0086", "reaches beyond")] // 99 × 8 elements of 80
    [InlineData("K\u000aJ\u00ff\u00ff\u00ff\u007f\u0086", "reaches beyond")]
    [InlineData("K\u000aJ\u00ff\u00ff\u00ff\u00ff\u0086", "shape")]
    [InlineData("\u008a\u0008\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f\u008a\u0008\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f\u0086", "reaches beyond")]
    public void Refuses_tensors_beyond_their_storage(string shape, string says)
    {
        string pickle = "}X\u0001\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\00X\u0003\0\0\0cpuK\u0050tQ"
            + "K\0" + shape + "K\u0008K\u0001\u0086\u0089ccollections\nOrderedDict\n)RtRs.";
        using var file = TestFile.Named("x.pt");
        using (ZipArchive archive = ZipFile.Open(file.Path, ZipArchiveMode.Create))
        {
            using Stream entry = archive.CreateEntry("m/data.pkl").Open();
            entry.Write(Encoding.Latin1.GetBytes(pickle));
        }

        Assert.Contains(says, Assert.Throws<RefusedFileException>(() => ModelFile.Open(file.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("PK")]
    [InlineData("not a model")]
    [InlineData("\u0080\u0002N.")]
    public void Refuses_files_of_other_kinds(string content)
    {
        using var file = TestFile.With("x.pt", Encoding.Latin1.GetBytes(content));

        Assert.Throws<RefusedFileException>(() => ModelFile.Open(file.Path));
    }

    /// <summary>Whatever bytes change, the reader ends, and with its own exception or a model.</summary>
    [Theory]
    [InlineData("save.pt")]
    [InlineData("legacy.pt")]
    [InlineData("views.pt")]
    public void Damaged_files_are_read_or_refused(string name)
    {
        byte[] original = TestFile.Read(name);
        using var file = TestFile.Named("x.pt");
        Gen<int> place = Gen.OneOf(Gen.Int[0, Math.Min(4000, original.Length) - 1], Gen.Int[0, original.Length - 1]);
        Gen.Select(Gen.Select(place, Gen.Byte).List[1, 8], Gen.Int[0, 20]).Sample(
            (changes, cut) =>
            {
                byte[] bytes = [.. original];
                foreach ((int at, byte value) in changes)
                {
                    bytes[at] = value;
                }

                File.WriteAllBytes(file.Path, cut == 0 ? bytes[..changes[0].Item1] : bytes);
                try
                {
                    using ModelFile model = ModelFile.Open(file.Path);
                    model.ToContents(null);
                    foreach (string parameter in ParameterShapes.Of(model.Config).Select(entry => entry.Name))
                    {
                        using Stream stream = model.OpenParameter(parameter);
                        stream.CopyTo(Stream.Null);
                    }
                }
                catch (RefusedFileException)
                {
                }
            },
            iter: 150,
            threads: 1);
    }
}
