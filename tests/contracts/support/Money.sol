// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {BudgetTreasury} from "../../../contracts/BudgetTreasury.sol";

/// @dev Keeps a tenth of every transfer.
contract FeeToken is ERC20 {
    constructor() ERC20("Fee", "FEE") {
        _mint(msg.sender, 1_000_000);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0)) return super._update(from, to, value);
        super._update(from, to, value - value / 10);
        super._update(from, address(1), value / 10);
    }
}

/// @dev Returns nothing, as some old tokens do; `broken` makes it return false instead.
contract OldToken {
    mapping(address => uint256) public balanceOf;
    bool public broken;

    constructor() {
        balanceOf[msg.sender] = 1_000_000;
    }

    function setBroken(bool value) external {
        broken = value;
    }

    function transfer(address to, uint256 value) external {
        _move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external {
        _move(from, to, value);
    }

    function _move(address from, address to, uint256 value) private {
        if (broken) {
            assembly {
                mstore(0, 0)
                return(0, 32)
            }
        }
        balanceOf[from] -= value;
        balanceOf[to] += value;
    }
}

/// @dev A recipient that does with coins what it is told; with `Reenter`, call the treasury again.
contract Recipient {
    enum Mood {
        Accept,
        Refuse,
        BurnGas,
        ReturnBomb,
        Reenter
    }

    Mood public mood;
    BudgetTreasury public treasury;
    bytes public again;

    function set(Mood mood_, BudgetTreasury treasury_, bytes calldata again_) external {
        (mood, treasury, again) = (mood_, treasury_, again_);
    }

    receive() external payable {
        if (mood == Mood.Refuse) revert("no");
        if (mood == Mood.BurnGas) {
            // Takes all gas at once.
            assembly {
                invalid()
            }
        }
        if (mood == Mood.ReturnBomb) {
            assembly {
                return(0, 1000000)
            }
        }
        if (mood == Mood.Reenter) {
            (bool done, ) = address(treasury).call{value: 1}(again);
            if (done) revert("re-entered");
            (done, ) = address(treasury).call(again);
            if (done) revert("re-entered");
        }
    }
}
