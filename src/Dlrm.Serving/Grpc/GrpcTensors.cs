using System.Runtime.InteropServices;
using Dlrm.Serving.Grpc.Protocol;
using Dlrm.Serving.Tensors;

namespace Dlrm.Serving.Grpc;

/// <summary>The tensors of a gRPC request.</summary>
internal static class GrpcTensors
{
    /// <summary>Reads them: raw bytes, or fields of the type's.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="RequestException">Contents are in both forms, in neither, or of another type.</exception>
    public static List<InputTensor> Read(ModelInferRequest request)
    {
        bool raw = request.RawInputContents.Count > 0;
        if (raw && request.RawInputContents.Count != request.Inputs.Count)
        {
            throw RequestException.Bad(
                $"raw_input_contents has {request.RawInputContents.Count} elements for {request.Inputs.Count} inputs; each input has one.");
        }

        var tensors = new List<InputTensor>(request.Inputs.Count);
        for (int i = 0; i < request.Inputs.Count; i++)
        {
            ModelInferRequest.Types.InferInputTensor input = request.Inputs[i];
            if (raw && input.Contents is not null)
            {
                throw RequestException.Bad($"Input '{input.Name}' has contents although raw_input_contents is there: use one of them.");
            }

            ReadOnlyMemory<byte> data = raw ? request.RawInputContents[i].Memory : Bytes(input);
            tensors.Add(new InputTensor(input.Name, input.Datatype, [.. input.Shape], data, IsJson: false));
        }

        return tensors;
    }

    private static byte[] Bytes(ModelInferRequest.Types.InferInputTensor input)
    {
        InferTensorContents contents = input.Contents
            ?? throw RequestException.Bad($"Input '{input.Name}' has neither contents nor raw_input_contents.");
        return input.Datatype switch
        {
            "FP32" => MemoryMarshal.AsBytes<float>(contents.Fp32Contents.ToArray()).ToArray(),
            "FP64" => MemoryMarshal.AsBytes<double>(contents.Fp64Contents.ToArray()).ToArray(),
            "INT64" => MemoryMarshal.AsBytes<long>(contents.Int64Contents.ToArray()).ToArray(),
            "INT32" => MemoryMarshal.AsBytes<int>(contents.IntContents.ToArray()).ToArray(),
            _ => throw RequestException.Bad($"Input '{input.Name}' is {input.Datatype}; expected FP32, FP64, INT64 or INT32."),
        };
    }
}
