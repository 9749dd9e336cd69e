"""Data-parallel training: one process a rank, gradients averaged in one flat message, gloo on CPUs and nccl on GPUs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch
from torch import distributed as dist
from torch import nn

from mofa.errors import EngineError, InputError, MofaError
from mofa.isolate import die_with_parent

_END_S = 5.0
"""How long a rank that closed its connections may take to end."""
_SILENCE = timedelta(minutes=5)
"""After this, ranks that have not been heard of count as dead."""


@dataclass(frozen=True)
class Group:
    """The ranks of a training, and which of them this process is."""

    rank: int = 0
    size: int = 1

    def share_start(self, model: nn.Module) -> None:
        """Give every rank the first rank's weights."""
        if self.size > 1:
            for parameter in model.state_dict().values():
                dist.broadcast(parameter, 0)

    def average_gradients(self, model: nn.Module, *, stop: bool) -> bool:
        """Average the gradients over all ranks; whether any rank wants to stop, which all then do together."""
        if self.size == 1:
            return stop
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        # What took no part in a rank's loss has no gradient there; the message must look the same on all ranks.
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flag = torch.tensor([float(stop)], device=gradients[0].device)
        message = torch.cat([*(gradient.flatten() for gradient in gradients), flag])
        dist.all_reduce(message)
        start = 0
        for parameter in parameters:
            part = message[start : start + parameter.numel()]
            parameter.grad = part.view_as(parameter) / self.size
            start += parameter.numel()
        return bool(message[-1] > 0)


SINGLE = Group()


def run(work: Callable[..., Any], arguments: tuple[Any, ...], *, processes: int, device: str = "cpu") -> Any:
    """Run ``work(group, *arguments)`` on several ranks and give the first rank's result.

    Args:
        work: picklable; ranks other than 0 run it in processes of their own.
        arguments: picklable.
        processes: ranks; 1 runs it here without any group.
        device: "cuda" takes nccl, one GPU a rank; anything else gloo.

    Raises:
        EngineError: a rank died or raised.
    """
    if processes == 1:
        return work(SINGLE, *arguments)
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder, "meeting").as_uri()
        context = get_context("spawn")
        others: list[BaseProcess] = [
            context.Process(target=_rank, args=(rank, processes, meeting, device, work, arguments, os.getpid()))
            for rank in range(1, processes)
        ]
        for process in others:
            process.start()
        try:
            result = _rank(0, processes, meeting, device, work, arguments)
        except MofaError:
            raise
        except RuntimeError as error:
            # Its connections close a moment before a process is seen to have ended.
            ended = wait([process.sentinel for process in others], timeout=_END_S)
            for process in others:
                if process.sentinel in ended:
                    process.join()
            dead = [str(k) for k, process in enumerate(others, start=1) if process.exitcode not in (None, 0)]
            if not dead:
                raise
            raise EngineError(f"rank {', '.join(dead)} of the training died ({error})", where="train") from error
        finally:
            for process in others:
                process.join(10.0)
                process.kill()
    return result


def _rank(
    rank: int,
    size: int,
    meeting: str,
    device: str,
    work: Callable[..., Any],
    arguments: tuple[Any, ...],
    parent_pid: int = 0,
) -> Any:
    if parent_pid:
        die_with_parent(parent_pid)
    if rank and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)
    if device == "cuda":
        torch.cuda.set_device(rank)
    backend = "nccl" if device == "cuda" else "gloo"
    dist.init_process_group(backend, init_method=meeting, rank=rank, world_size=size, timeout=_SILENCE)
    try:
        return work(Group(rank, size), *arguments)
    finally:
        dist.destroy_process_group()


def check(batch_size: int, processes: int, device: str) -> None:
    """See to it that a training can be shared out as asked.

    Raises:
        InputError: fewer examples in a batch than processes, an unknown device, or one that is not there.
    """
    if batch_size < processes:
        raise InputError(
            f"a batch of {batch_size} cannot be shared by {processes} processes",
            where="train",
            action="Take larger batches or fewer processes",
        )
    if device not in ("cpu", "cuda"):
        raise InputError(f"unknown device {device!r}", where="train", action="Choose cpu or cuda")
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "cuda" and n_gpus < processes:
        raise InputError(
            f"{processes} GPUs are asked for and {n_gpus} are here",
            where="train",
            action="Train on cpu, or install a build of PyTorch that knows your GPU",
        )


def best_device(processes: int = 1) -> str:
    """GPUs where there is one for each process."""
    return "cuda" if torch.cuda.is_available() and torch.cuda.device_count() >= processes else "cpu"


def has_fast_bf16() -> bool:
    """Whether this processor multiplies bfloat16 matrices by itself."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
