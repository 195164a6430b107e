namespace Dlrm.Data;

/// <summary>How far the loading of a data set is.</summary>
/// <param name="Stage">What is being done, e.g. <c>reading train.txt</c>.</param>
/// <param name="BytesDone">Bytes of the file read.</param>
/// <param name="BytesTotal">Bytes of the file.</param>
/// <param name="Rows">Rows kept so far.</param>
public readonly record struct LoadProgress(string Stage, long BytesDone, long BytesTotal, long Rows);
