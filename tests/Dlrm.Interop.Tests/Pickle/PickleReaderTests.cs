using System.Text;
using Dlrm.Interop.Pickle;
using Dlrm.Interop.PyTorch;
using Xunit;

namespace Dlrm.Interop.Tests.Pickle;

public sealed class PickleReaderTests
{
    [Theory]
    [InlineData("cposix\nsystem\nX\u0003\0\0\0cat\u0085R.", RefusalReason.ForbiddenGlobal, "posix.system")]
    [InlineData("cos\nsystem\nX\u0003\0\0\0cat\u0085R.", RefusalReason.ForbiddenGlobal, "os.system")]
    [InlineData("c__builtin__\neval\nX\u0003\0\0\01+1\u0085R.", RefusalReason.ForbiddenGlobal, "__builtin__.eval")]
    [InlineData("cbuiltins\ngetattr\n.", RefusalReason.ForbiddenGlobal, "builtins.getattr")]
    [InlineData("ctorch.serialization\nload\n.", RefusalReason.ForbiddenGlobal, "torch.serialization.load")]
    [InlineData("\u008c\u0005posix\u008c\u0006system\u0093.", RefusalReason.ForbiddenGlobal, "posix.system")]
    [InlineData("(S'ls'\nios\nsystem\n.", RefusalReason.ForbiddenOpcode, "0x53")]
    [InlineData("ccollections\nOrderedDict\nK\u0001\u0085R.", RefusalReason.ForbiddenCall, "collections.OrderedDict")]
    [InlineData("}}b.", RefusalReason.ForbiddenCall, "state")]
    [InlineData("ccollections\nOrderedDict\n)\u0081.", RefusalReason.ForbiddenOpcode, "0x81")]
    [InlineData("X\u0002\0\0\0ab\u0085Q.", RefusalReason.Damaged, "no storage")]
    [InlineData("Nr\u00ff\u00ff\u00ff\u00ff.", RefusalReason.HugeMemo, "4294967295")]
    [InlineData("j\u0001\0\0\0.", RefusalReason.Damaged, "never set")]
    [InlineData("X\u00ff\u00ff\u00ff\u007fabc.", RefusalReason.TooLarge, "2147483647")]
    [InlineData("\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff.", RefusalReason.TooLarge, "text")]
    [InlineData("K\u0001", RefusalReason.Truncated, "no end")]
    [InlineData("a.", RefusalReason.Damaged, "there is none")]
    [InlineData("(K\u0001u.", RefusalReason.Damaged, "there is none")]
    [InlineData("](a.", RefusalReason.Damaged, "there is none")]
    [InlineData("}K\u0001s.", RefusalReason.Damaged, "")]
    [InlineData("K\u0001K\u0002.", RefusalReason.Damaged, "left over")]
    [InlineData("}](K\u0001K\u0002u.", RefusalReason.Damaged, "no dict")]
    [InlineData("X\u0001\0\0\0\u00ff.", RefusalReason.Damaged, "UTF-8")]
    [InlineData("\u0080\u0000N.", RefusalReason.NotThisFormat, "protocol 0")]
    public void Refuses_with_a_named_reason(string pickle, RefusalReason reason, string says)
    {
        RefusedFileException refused = Assert.Throws<RefusedFileException>(() => Read(pickle));

        Assert.Equal(reason, refused.Reason);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        Assert.StartsWith("x.pt", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(']', 'a')]
    [InlineData(')', '\u0085')]
    public void Refuses_deep_nesting_without_recursion(char open, char close)
    {
        string pickle = close == 'a'
            ? new string(open, 100_000) + new string(close, 99_999) + "."
            : open + new string(close, 100_000) + ".";

        Assert.Equal(RefusalReason.DeepNesting, Assert.Throws<RefusedFileException>(() => Read(pickle)).Reason);
    }

    [Fact]
    public void Refuses_more_values_and_marks_than_any_model_has()
    {
        Assert.Equal(RefusalReason.TooLarge, Assert.Throws<RefusedFileException>(() => Read(new string('N', PickleLimits.Stack + 1))).Reason);
        Assert.Equal(RefusalReason.DeepNesting, Assert.Throws<RefusedFileException>(() => Read(new string('(', PickleLimits.Stack + 1))).Reason);
    }

    [Fact]
    public void A_list_in_itself_is_read_and_ends()
    {
        var list = Assert.IsType<PickleList>(Read("]q\0h\0a."));

        Assert.Same(list, Assert.Single(list.Items));
    }

    [Fact]
    public void Reads_what_the_writer_wrote()
    {
        var inner = new PickleDictionary { IsOrdered = true };
        inner.Set("a", new PickleTuple(1L, -5L, 300L, 70_000L, -1L << 40, long.MaxValue));
        var list = new PickleList();
        list.Add(null);
        list.Add(true);
        list.Add(false);
        list.Add(0.1);
        list.Add("größe");
        var root = new PickleDictionary();
        root.Set(7L, inner);
        root.Set("list", list);
        using var stream = new MemoryStream();

        new PickleWriter(stream).Write(root, (_, _) => throw new InvalidOperationException());
        stream.Position = 0;
        var read = Assert.IsType<PickleDictionary>(PickleReader.Read(stream, "x.pt", new TorchFactory("x.pt")));

        Assert.Equal(list.Items, Assert.IsType<PickleList>(read["list"]).Items);
        var ordered = Assert.IsType<PickleDictionary>(read[7L]);
        Assert.True(ordered.IsOrdered);
        Assert.Equal(((PickleTuple)inner["a"]!).Items, Assert.IsType<PickleTuple>(ordered["a"]).Items);
    }

    [Fact]
    public void Reads_what_Python_wrote_in_every_protocol()
    {
        Python.Require("pickle");
        using var file = TestFile.Named("x.pkl");
        for (int protocol = 2; protocol <= 5; protocol++)
        {
            Python.Run(
                "import pickle, sys, collections\n"
                + "v = {'a': [1, -1, 2**40, -2**63, 2.5, None, True, 'x' * 300, b'bytes'], 'b': collections.OrderedDict(c=(1, 2, 3, 4)), 'd': ((), (1,), (1, 2), (1, 2, 3))}\n"
                + "pickle.dump(v, open(sys.argv[1], 'wb'), int(sys.argv[2]))",
                file.Path,
                protocol.ToString(System.Globalization.CultureInfo.InvariantCulture));
            using FileStream stream = File.OpenRead(file.Path);
            var read = Assert.IsType<PickleDictionary>(PickleReader.Read(stream, file.Path, new TorchFactory(file.Path)));

            object?[] expected = [1L, -1L, 1L << 40, long.MinValue, 2.5, null, true, new string('x', 300), "bytes"u8.ToArray()];
            Assert.Equal(expected, Assert.IsType<PickleList>(read["a"]).Items);
            Assert.Equal([1L, 2L, 3L, 4L], Assert.IsType<PickleTuple>(Assert.IsType<PickleDictionary>(read["b"])["c"]).Items);
        }
    }

    private static object? Read(string pickle)
    {
        using var stream = new MemoryStream(Encoding.Latin1.GetBytes(pickle));
        return PickleReader.Read(stream, "x.pt", new TorchFactory("x.pt"));
    }
}
