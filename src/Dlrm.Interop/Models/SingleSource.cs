using System.Runtime.InteropServices;
using Dlrm.Checkpoints;
using Dlrm.Kernels;
using Dlrm.Layers;

namespace Dlrm.Interop.Models;

/// <summary>Parameters as single precision, however they are kept.</summary>
public static class SingleSource
{
    /// <summary>A parameter to be written as single precision; converted row by row where it is kept otherwise.</summary>
    /// <param name="parameter">It must outlive the source.</param>
    public static TensorSource Of(Parameter parameter) => parameter.Storage == StorageFormat.Float32
        ? TensorSource.Of(parameter)
        : TensorSource.Streaming(parameter.Name, TensorType.F32, [.. parameter.Shape.Select(extent => (long)extent)], stream =>
        {
            float[] row = new float[parameter.Shape[^1]];
            for (long at = 0; at < parameter.Elements / row.Length; at++)
            {
                parameter.Read(at, row);
                stream.Write(MemoryMarshal.AsBytes(row.AsSpan()));
            }
        });
}
